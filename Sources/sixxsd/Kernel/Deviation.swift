/// Something that the kernel has otherwise than the daemon left it or needs it.
struct Deviation: Hashable, Sendable, CustomStringConvertible {
    /// What it is about.
    enum Subject: String, Hashable, Sendable, CaseIterable {
        /// A route of the daemon's.
        case route
        /// The device: down, or gone.
        case device
        /// The device's MTU.
        case mtu
        /// Whether the device has IPv6 at all.
        case ipv6
        /// An address of the PoP's.
        case address
        /// Whether the host forwards IPv6.
        case forwarding
    }

    /// What was done about it.
    enum Outcome: Hashable, Sendable {
        /// It is as it should be again.
        case mended
        /// It could not be, and stays so until somebody does something.
        case open
        /// It may be meant, and is said once.
        case remarked
    }

    /// What it is about.
    let subject: Subject

    /// What it is, and what was done or is to be done: a phrase for people.
    let description: String

    /// What was done about it.
    let outcome: Outcome

    /// Creates one.
    init(_ subject: Subject, _ outcome: Outcome, _ description: String) {
        self.subject = subject
        self.outcome = outcome
        self.description = description
    }
}
