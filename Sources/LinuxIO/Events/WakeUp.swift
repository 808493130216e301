internal import CLinux
internal import Glibc

/// A descriptor that any thread can make readable, to wake a poller in another one (eventfd).
public final class WakeUp: Sendable {
    private let descriptor: OwnedDescriptor

    /// For pollers.
    public var fileDescriptor: CInt { self.descriptor.rawValue }

    /// Creates a quiet one.
    ///
    /// - Throws: ``SystemCallError`` when the process has no descriptor left.
    public init() throws(SystemCallError) {
        self.descriptor = try OwnedDescriptor("eventfd") { eventfd(0, CInt(EFD_NONBLOCK | EFD_CLOEXEC)) }
    }

    /// Makes the descriptor readable until the next ``drain()``.
    ///
    /// Cannot fail in a way that matters: a full counter is readable already.
    public func signal() {
        var one: UInt64 = 1
        _ = attempt { Glibc.write(self.fileDescriptor, &one, 8) }
    }

    /// Makes the descriptor quiet again.
    ///
    /// - Returns: Whether it had been signalled since the last drain.
    @discardableResult
    public func drain() -> Bool {
        var count: UInt64 = 0
        guard case .success = attempt({ Glibc.read(self.fileDescriptor, &count, 8) }) else { return false }
        return count > 0
    }
}
