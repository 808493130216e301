/// What the centre believes of a ``PoPReport``: each number within its range, nil where what stood there cannot be.
public struct ReceivedReport: Hashable, Sendable {
    /// 32 hexadecimal digits, new at each start of the daemon.
    public var instance: String?
    /// The daemon's version.
    public var version: String?
    /// Seconds since the daemon started, a century at most.
    public var uptime: Int?
    /// Seconds since its host started, a century at most.
    public var hostUptime: Int?
    /// The daemon's clock, in seconds since 1970, within a century of the centre's.
    public var time: Int?
    /// The number of the running configuration; 0 when it came from a file only.
    public var generation: Int?
    /// SHA-256 of its canonical text.
    public var digest: String?
    /// Sums over the PoP.
    public var totals = Totals()
    /// The PoP's own tunnels, in the order of the report.
    public var tunnels: [Tunnel] = []
    /// Tunnels that carry packets there although the registry does not give them to it.
    public var strays: [TunnelNumber] = []
    /// What of the PoP's kernel the daemon found otherwise than it should be; nil when it says nothing of it.
    public var kernel: Kernel?
    /// What the probes to other PoPs that the centre knows measured since the daemon's start.
    public var peers = PeerProbes()
    /// What was not believed.
    public var doubts = ReportDoubts()
    /// Which PoP it says it is, when that is another than was asked.
    public var impostor: String?

    /// Sums over a PoP; `rx` is what came from the uplink, `tx` what went to it.
    public struct Totals: Hashable, Sendable {
        /// Tunnels that are up, those configured at most.
        public var online: Int?
        /// Tunnels with a packet in the last 15 minutes, those configured at most.
        public var active: Int?
        /// Tunnels that are configured, 8192 at most.
        public var configured: Int?
        /// Packets from the uplink.
        public var rxPackets: Tally?
        /// Octets from the uplink.
        public var rxBytes: Tally?
        /// Packets to the uplink.
        public var txPackets: Tally?
        /// Octets to the uplink.
        public var txBytes: Tally?
    }

    /// What a daemon says of routes, device and addresses.
    public struct Kernel: Hashable, Sendable {
        /// How many faults are kept, the first ones.
        public static let mostFaults = 8
        /// How long the words of a fault may be, in octets of UTF-8: more than a daemon makes.
        public static let longestFault = 1000

        /// How often something was put back since the daemon's start.
        public var mended: Tally?
        /// What is wrong and can't be put back, in the daemon's words: one line each, ``mostFaults`` of them at most.
        public var faults: [String] = []
    }

    /// The words for a tunnel's state.
    public enum State: String, Hashable, Sendable, Encodable {
        case up
        case down
        case disabled
    }

    /// One tunnel; `in` is from the user, `out` to the user; times are in seconds since 1970.
    public struct Tunnel: Hashable, Sendable {
        /// The number in the fleet.
        public var number: TunnelNumber
        /// The number at the PoP.
        public var tid: TID?
        /// How it is.
        public var state: State?
        /// `direct`, `ayiya` or `heartbeat`.
        public var type: String?
        /// Where the user's end is; nil when unknown.
        public var endpoint: String?
        /// Size of the largest inner packet, in octets.
        public var mtu: Int?
        /// Packets from the user.
        public var inPackets: Tally?
        /// Octets from the user.
        public var inBytes: Tally?
        /// Packets to the user.
        public var outPackets: Tally?
        /// Octets to the user.
        public var outBytes: Tally?
        /// When the last packet came from the user.
        public var lastIn: Int?
        /// When the last packet went to the user.
        public var lastOut: Int?
        /// When the last valid beat came.
        public var lastBeat: Int?
        /// What the latency probes measured.
        public var latency = Latency()
        /// The error counters that are not 0, by name.
        public var errors: [String: Tally] = [:]
    }

    /// What latency probes measured since the daemon's start; times in milliseconds, an hour at most.
    public struct Latency: Hashable, Sendable {
        /// Probes sent.
        public var sent: Tally?
        /// Answers received.
        public var received: Tally?
        /// Share of probes without an answer, 0 to 100.
        public var lossPercent: Double?
        /// Shortest round trip.
        public var minMs: Double?
        /// Mean round trip.
        public var avgMs: Double?
        /// Longest round trip.
        public var maxMs: Double?
        /// How many round trips took how long; nil from a daemon that does not tell, or that had no answer yet.
        public var roundTrips: RoundTrips?

        /// The sum of all round trips, in microseconds; nil when it is unknown.
        public var microseconds: Tally? {
            guard let received = self.received else { return nil }
            let sum = Double(received.value) * (self.avgMs ?? 0) * 1000
            return Int64(exactly: sum.rounded()).flatMap(Tally.init(reported:))
        }
    }

    /// The sum of all error counters of all tunnels.
    public var errorCount: Tally { self.tunnels.lazy.map(\.errors.values.sum).sum }

    /// By how much the daemon's clock is ahead of another, in seconds, a century at most; nil when it is unknown.
    public func skew(from now: Int64) -> Int? {
        self.time.flatMap { time in
            let (skew, overflows) = Int64(time).subtractingReportingOverflow(now)
            return overflows ? nil : Int(skew)
        }
    }
}

/// As the daemon has it, with null for what is unknown.
extension ReceivedReport.Tunnel: Encodable {
    private enum Key: String, CodingKey {
        case tunnel, tid, state, type, endpoint, mtu, inPackets, inBytes, outPackets, outBytes, lastIn,
            lastOut, lastBeat
        case latency, errors
    }

    /// Writes an object.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode("\(self.number)", forKey: .tunnel)
        try container.encode(self.tid.map { "\($0)" }, forKey: .tid)
        try container.encode(self.state, forKey: .state)
        try container.encode(self.type, forKey: .type)
        try container.encode(self.endpoint, forKey: .endpoint)
        try container.encode(self.mtu, forKey: .mtu)
        try container.encode(self.inPackets, forKey: .inPackets)
        try container.encode(self.inBytes, forKey: .inBytes)
        try container.encode(self.outPackets, forKey: .outPackets)
        try container.encode(self.outBytes, forKey: .outBytes)
        try container.encode(self.lastIn, forKey: .lastIn)
        try container.encode(self.lastOut, forKey: .lastOut)
        try container.encode(self.lastBeat, forKey: .lastBeat)
        try container.encode(self.latency, forKey: .latency)
        try container.encode(self.errors, forKey: .errors)
    }
}

extension ReceivedReport.Latency: Encodable {
    private enum Key: String, CodingKey {
        case sent, received, lossPercent, minMs, avgMs, maxMs, buckets
    }

    /// Writes an object.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(self.sent, forKey: .sent)
        try container.encode(self.received, forKey: .received)
        try container.encode(self.lossPercent, forKey: .lossPercent)
        try container.encode(self.minMs, forKey: .minMs)
        try container.encode(self.avgMs, forKey: .avgMs)
        try container.encode(self.maxMs, forKey: .maxMs)
        try container.encode(self.roundTrips?.cumulative, forKey: .buckets)
    }
}
