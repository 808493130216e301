internal import CLibSSH
internal import Glibc

/// An eventfd: something that `poll` can wait for and that any thread can raise.
final class EventDescriptor: Sendable {
    let descriptor: Int32

    /// - Throws: ``ConnectionFailure/system(call:reason:)`` when there are no descriptors left.
    init() throws(ConnectionFailure) {
        self.descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard self.descriptor >= 0 else { throw .system(call: "eventfd", reason: SystemMessage.current) }
    }

    deinit { close(self.descriptor) }

    /// Makes it readable, for good.
    func raise() {
        // Fails only when it is raised already.
        _ = eventfd_write(self.descriptor, 1)
    }
}

/// What the system says about its last error.
enum SystemMessage {
    /// Text of `errno`.
    static var current: String { Self.text(of: errno) }

    static func text(of code: Int32) -> String { String(cString: strerror(code)) }
}
