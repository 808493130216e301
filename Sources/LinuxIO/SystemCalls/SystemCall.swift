internal import Glibc
internal import SystemPackage

/// Makes a system call, again while a signal interrupts it; allocates nothing.
@inline(__always)
func attempt<Value: FixedWidthInteger & SignedInteger>(_ call: () -> Value) -> Result<Value, Errno> {
    while true {
        let value = call()
        if value >= 0 { return .success(value) }
        let error = Errno(rawValue: errno)
        if error != .interrupted { return .failure(error) }
    }
}

/// Makes a system call that sends, once more after an error that may be about an earlier packet: the socket keeps what ICMP
/// says until the next call; allocates nothing.
@inline(__always)
func attemptToSend<Value: FixedWidthInteger & SignedInteger>(_ call: () -> Value) -> Result<Value, Errno> {
    let result = attempt(call)
    guard case .failure(let error) = result, !error.isLackOfRoom else { return result }
    return attempt(call)
}

/// Makes a system call, again while a signal interrupts it.
///
/// - Throws: ``SystemCallError`` with the call's name and what it was about.
@inline(__always)
@discardableResult
func systemCall<Value: FixedWidthInteger & SignedInteger>(
    _ name: String,
    about subject: String? = nil,
    _ call: () -> Value
) throws(SystemCallError) -> Value {
    switch attempt(call) {
    case .success(let value): return value
    case .failure(let error): throw SystemCallError(call: name, errno: error, subject: subject)
    }
}

extension Errno {
    /// Whether a non-blocking descriptor has nothing to give or no room to take.
    var isWouldBlock: Bool { self == .resourceTemporarilyUnavailable }

    /// Whether a socket's or a link's queue is full, which is never about an earlier packet.
    var isLackOfRoom: Bool { self == .resourceTemporarilyUnavailable || self == .noBufferSpace }
}
