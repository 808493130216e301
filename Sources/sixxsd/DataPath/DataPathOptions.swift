/// How packets travel between the kernel and the daemon.
struct DataPathOptions: Hashable, Sendable {
    /// Whether the kernel may hand over and take many packets as one.
    enum Offloads: String, CaseIterable, Sendable {
        /// Where it can.
        case auto
        /// Never.
        case off
    }

    /// How bare packets (6in4, GRE) over IPv4 leave.
    enum Departure: String, CaseIterable, Sendable {
        /// Through the kernel's IP stack.
        case ip
        /// Straight to the link where the next hop is known, past the IP stack and netfilter.
        case link
    }

    /// The largest number of packets that one system call moves.
    static let largestBatch = 64

    var offloads = Offloads.auto

    var departure = Departure.ip

    /// How many packets are received, and sent, with one system call; 1 through ``largestBatch``.
    var batchSize = Self.largestBatch

    /// Whether several packets may be one; with one system call a packet there is nothing to gain.
    var usesOffloads: Bool { self.offloads == .auto && self.batchSize > 1 }
}
