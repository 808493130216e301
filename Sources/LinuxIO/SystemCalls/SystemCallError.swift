public import SystemPackage

/// A system call that failed, with what an operator needs to know about it.
public struct SystemCallError: Error, Hashable, Sendable {
    /// The call, as a manual page names it (`ioctl(TUNSETIFF)`, `RTM_NEWROUTE`).
    public let call: String

    /// What the kernel answered.
    public let errno: Errno

    /// What the call was about, if that can be said: a device, a path, "adding route 2001:db8::/48 dev sixxs".
    public let subject: String?

    /// What the answer means here, when the bare error would mislead.
    public let explanation: String?

    /// Creates an error.
    public init(call: String, errno: Errno, subject: String? = nil, explanation: String? = nil) {
        self.call = call
        self.errno = errno
        self.subject = subject
        self.explanation = explanation
    }

    /// The same error, with another meaning given to it.
    public func explained(_ explanation: String) -> Self {
        Self(call: self.call, errno: self.errno, subject: self.subject, explanation: explanation)
    }
}

extension SystemCallError: CustomStringConvertible {
    /// `<subject>: <explanation or error> (<call>)`, as much of it as is known.
    public var description: String {
        let prefix = self.subject.map { "\($0): " } ?? ""
        guard let explanation = self.explanation else { return "\(prefix)\(self.errno) (\(self.call))" }
        return "\(prefix)\(explanation) (\(self.call): \(self.errno))"
    }
}
