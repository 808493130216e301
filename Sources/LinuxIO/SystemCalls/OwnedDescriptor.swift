internal import Glibc

/// A file descriptor that closes when its owner goes.
struct OwnedDescriptor: ~Copyable, Sendable {
    let rawValue: CInt

    /// Takes over a descriptor that a system call made.
    init(_ rawValue: CInt) {
        self.rawValue = rawValue
    }

    /// Takes over the descriptor that a call makes.
    ///
    /// - Throws: ``SystemCallError`` when the call fails.
    init(_ name: String, about subject: String? = nil, _ call: () -> CInt) throws(SystemCallError) {
        self.rawValue = try systemCall(name, about: subject, call)
    }

    deinit {
        // Never repeated: on Linux the descriptor is gone even after EINTR.
        _ = close(self.rawValue)
    }
}
