/// Packets and octets that passed in both directions since start; never reset by reading.
public struct TrafficCounters: Hashable, Sendable {
    /// Packets and octets of one direction.
    public struct Direction: Hashable, Sendable {
        /// Packets.
        public var packets: UInt64 = 0
        /// Octets of the inner packets, their IPv6 headers included.
        public var octets: UInt64 = 0
        /// When the last one passed, in nanoseconds of the monotonic clock; nil for never.
        public internal(set) var lastSeen: UInt64?

        /// Creates counters at 0.
        public init() {}

        /// Creates counters of what somebody else counted.
        public init(packets: UInt64, octets: UInt64, lastSeen: UInt64?) {
            self.packets = packets
            self.octets = octets
            self.lastSeen = lastSeen
        }

        mutating func count(_ octets: Int, at now: Timestamp) {
            self.packets &+= 1
            self.octets &+= UInt64(truncatingIfNeeded: octets)
            self.lastSeen = now.monotonic
        }
    }

    /// What came in: from the user for a tunnel, from the native side for the uplink.
    public var ingress = Direction()

    /// What went out.
    public var egress = Direction()

    /// Creates counters at 0.
    public init() {}
}
