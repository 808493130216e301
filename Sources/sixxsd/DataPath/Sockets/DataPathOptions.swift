/// How packets travel between the kernel and the daemon.
struct DataPathOptions: Hashable, Sendable {
    /// Whether the kernel may hand over and take many packets as one.
    enum Offloads: String, CaseIterable, Sendable {
        /// Where it can.
        case auto
        /// Never.
        case off
    }

    /// Whether packets go through the TUN device by io_uring(7).
    enum Ring: String, CaseIterable, Sendable {
        /// Where the kernel has it and allows it.
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

    /// The most that ``busyPoll`` may be.
    static let longestBusyPoll = 1000

    var offloads = Offloads.auto

    var ring = Ring.auto

    var departure = Departure.ip

    /// How many packets are received, and sent, with one system call; 1 through ``largestBatch``.
    var batchSize = Self.largestBatch

    /// How long a worker looks for more packets before it sleeps, in microseconds; 0 through ``longestBusyPoll``.
    ///
    /// By default less than a wake-up costs, so that looking in vain takes little.
    var busyPoll = 5

    /// The same in nanoseconds; none with one system call a packet, which is there to be compared with.
    var longestLook: UInt64 { self.batchSize > 1 ? UInt64(self.busyPoll) * 1000 : 0 }

    /// Whether one system call may read or write many packets of the TUN device.
    var wantsRing: Bool { self.ring == .auto && self.batchSize > 1 }

    /// Whether several packets may be one; with one system call a packet there is nothing to gain.
    var usesOffloads: Bool { self.offloads == .auto && self.batchSize > 1 }
}
