/// What `pop report` answers, as one line of JSON: everything a collector wants to know of a daemon.
///
/// As a daemon writes it; what a centre believes of it is a ``ReceivedReport``.
public struct PoPReport: Encodable, Hashable, Sendable {
    /// 32 hexadecimal digits, new at each start of the daemon.
    public var instance: String
    /// The daemon's version.
    public var version: String
    /// Seconds since the daemon started.
    public var uptime: Int
    /// Seconds since its host started.
    public var hostUptime: Int
    /// The daemon's clock, in seconds since 1970.
    public var time: Int
    /// Which PoP it is; nil before it was told.
    public var pop: PoP?
    /// The centre's number of the running configuration; 0 when it came from a file only.
    public var generation: Int
    /// SHA-256 of its canonical text.
    public var digest: String
    /// Sums over the PoP.
    public var totals: Totals
    /// A row for each tunnel, by tid.
    public var tunnels: [Tunnel]
    /// The uplink, and the errors that are no tunnel's; nil from a daemon that does not tell.
    public var uplink: Uplink?
    /// What the kernel had otherwise than the daemon left it; nil from a daemon that does not tell.
    public var kernel: Kernel?
    /// What the kernel forwards by itself; nil where it is not to.
    public var fastPath: FastPath?
    /// What probes of the other PoPs measured, by PoP; nil from a daemon that does not tell.
    public var peers: [Peer]?

    /// The names of all error counters.
    public static let errorKinds = [
        "Encap.Pkt Too Big", "Disabled tunnel", "Clock Off", "Encap.Pkt Send Error", "Same In&Out Interface",
        "Wrong Source IPv6", "Wrong Source IPv4", "Packet over uplink", "Non-IPv6 Payload",
        "Non-IPv4 Payload",
        "AYIYA Hash Fail", "AYIYA-non-AYIYA", "AYIYA Invalid Forward", "Heartbeat Hash Fail", "HB-non-HB",
        "HB Missing sender", "HB Sender Mismatch", "HB Missing Time", "ICMPv4 Errors Received",
        "ICMPv4 Echo Req. Recv.", "Wrong Payload", "AYIYA Replay", "HB Replay",
    ]

    /// Which PoP a daemon is.
    public struct PoP: Encodable, Hashable, Sendable {
        /// Its number in the fleet.
        public var id: Int
        /// Its name.
        public var name: String

        /// Creates the identity of a PoP.
        public init(id: Int, name: String) {
            self.id = id
            self.name = name
        }
    }

    /// Sums over a PoP; `rx` is what came from the uplink, `tx` what went to it.
    public struct Totals: Encodable, Hashable, Sendable {
        /// Tunnels that are up.
        public var online: Int
        /// Tunnels with a packet in the last 15 minutes.
        public var active: Int
        /// Tunnels that are configured.
        public var configured: Int
        /// Packets from the uplink.
        public var rxPackets: UInt64
        /// Octets from the uplink.
        public var rxBytes: UInt64
        /// Packets to the uplink.
        public var txPackets: UInt64
        /// Octets to the uplink.
        public var txBytes: UInt64

        /// Creates sums.
        public init(
            online: Int,
            active: Int,
            configured: Int,
            rxPackets: UInt64,
            rxBytes: UInt64,
            txPackets: UInt64,
            txBytes: UInt64
        ) {
            self.online = online
            self.active = active
            self.configured = configured
            self.rxPackets = rxPackets
            self.rxBytes = rxBytes
            self.txPackets = txPackets
            self.txBytes = txBytes
        }
    }

    /// One tunnel; `in` is from the user, `out` to the user; times are in seconds since 1970.
    public struct Tunnel: Encodable, Hashable, Sendable {
        /// `T5072`.
        public var tunnel: String
        /// The tid in hexadecimal.
        public var tid: String
        /// `disabled`, `down` or `up`.
        public var state: String
        /// `direct`, `ayiya` or `heartbeat`.
        public var type: String
        /// Where the user's end is; nil when unknown.
        public var endpoint: String?
        /// Size of the largest inner packet, in octets.
        public var mtu: Int
        /// Packets from the user.
        public var inPackets: UInt64
        /// Octets from the user.
        public var inBytes: UInt64
        /// Packets to the user.
        public var outPackets: UInt64
        /// Octets to the user.
        public var outBytes: UInt64
        /// When the last packet came from the user.
        public var lastIn: Int?
        /// When the last packet went to the user.
        public var lastOut: Int?
        /// When the last valid beat came.
        public var lastBeat: Int?
        /// What the latency probes measured.
        public var latency: Latency
        /// The error counters that are not 0, by name.
        public var errors: [String: UInt64]

        /// Creates a row.
        public init(
            tunnel: String,
            tid: String,
            state: String,
            type: String,
            endpoint: String?,
            mtu: Int,
            inPackets: UInt64,
            inBytes: UInt64,
            outPackets: UInt64,
            outBytes: UInt64,
            lastIn: Int?,
            lastOut: Int?,
            lastBeat: Int?,
            latency: Latency,
            errors: [String: UInt64]
        ) {
            self.tunnel = tunnel
            self.tid = tid
            self.state = state
            self.type = type
            self.endpoint = endpoint
            self.mtu = mtu
            self.inPackets = inPackets
            self.inBytes = inBytes
            self.outPackets = outPackets
            self.outBytes = outBytes
            self.lastIn = lastIn
            self.lastOut = lastOut
            self.lastBeat = lastBeat
            self.latency = latency
            self.errors = errors
        }
    }

    /// The uplink and the PoP itself; `in` is from the native side, times are in seconds since 1970.
    public struct Uplink: Codable, Hashable, Sendable {
        /// Packets from the native side.
        public var inPackets: UInt64
        /// Octets from the native side.
        public var inBytes: UInt64
        /// Packets to the native side.
        public var outPackets: UInt64
        /// Octets to the native side.
        public var outBytes: UInt64
        /// When the last packet came from the native side.
        public var lastIn: Int?
        /// When the last packet went to the native side.
        public var lastOut: Int?
        /// The error counters of the PoP itself that are not 0, by name.
        public var errors: [String: UInt64]

        /// Creates what is told of an uplink.
        public init(
            inPackets: UInt64,
            inBytes: UInt64,
            outPackets: UInt64,
            outBytes: UInt64,
            lastIn: Int?,
            lastOut: Int?,
            errors: [String: UInt64]
        ) {
            self.inPackets = inPackets
            self.inBytes = inBytes
            self.outPackets = outPackets
            self.outBytes = outBytes
            self.lastIn = lastIn
            self.lastOut = lastOut
            self.errors = errors
        }
    }

    /// What the kernel was found to have otherwise than the daemon left it.
    public struct Kernel: Codable, Hashable, Sendable {
        /// How often something was put back since the start: `route`, `device`, `mtu` and so on.
        public var mended: [String: UInt64]
        /// What is wrong now and can't be put back, for people.
        public var faults: [String]

        /// Creates what is told.
        public init(mended: [String: UInt64], faults: [String]) {
            self.mended = mended
            self.faults = faults
        }
    }

    /// What the kernel forwards by itself (`--fast-path auto`).
    public struct FastPath: Codable, Hashable, Sendable {
        /// `on`, or `off` where it is not to be had.
        public var state: String
        /// Why it is not; nil where it is.
        public var reason: String?
        /// Packets that the kernel forwarded since the start.
        public var forwarded: UInt64
        /// Packets that it had to drop.
        public var lost: UInt64

        /// Creates what is told.
        public init(state: String, reason: String?, forwarded: UInt64, lost: UInt64) {
            self.state = state
            self.reason = reason
            self.forwarded = forwarded
            self.lost = lost
        }
    }

    /// What latency probes of another PoP measured.
    public struct Peer: Encodable, Hashable, Sendable {
        /// Its number in the fleet.
        public var id: Int
        /// Its name.
        public var name: String
        /// Over IPv4.
        public var ipv4: Latency
        /// Over IPv6.
        public var ipv6: Latency

        /// Creates what is told of a PoP.
        public init(id: Int, name: String, ipv4: Latency, ipv6: Latency) {
            self.id = id
            self.name = name
            self.ipv4 = ipv4
            self.ipv6 = ipv6
        }
    }

    /// What latency probes measured since the daemon's start; times in milliseconds, nil without an answer.
    public struct Latency: Encodable, Hashable, Sendable {
        /// Probes sent.
        public var sent: UInt64
        /// Answers received.
        public var received: UInt64
        /// Share of probes without an answer.
        public var lossPercent: Double?
        /// Shortest round trip.
        public var minMs: Double?
        /// Mean round trip.
        public var avgMs: Double?
        /// Longest round trip.
        public var maxMs: Double?
        /// How many round trips took at most 0.25 ms, 0.5 ms and so on to 8192 ms, and how many there were in all.
        public var buckets: [UInt64]?

        /// Creates a measurement.
        public init(
            sent: UInt64,
            received: UInt64,
            lossPercent: Double?,
            minMs: Double?,
            avgMs: Double?,
            maxMs: Double?,
            buckets: [UInt64]? = nil
        ) {
            self.sent = sent
            self.received = received
            self.lossPercent = lossPercent
            self.minMs = minMs
            self.avgMs = avgMs
            self.maxMs = maxMs
            self.buckets = buckets
        }
    }

    /// Creates a report.
    public init(
        instance: String,
        version: String,
        uptime: Int,
        hostUptime: Int,
        time: Int,
        pop: PoP?,
        generation: Int,
        digest: String,
        totals: Totals,
        tunnels: [Tunnel],
        uplink: Uplink? = nil,
        kernel: Kernel? = nil,
        fastPath: FastPath? = nil,
        peers: [Peer]? = nil
    ) {
        self.instance = instance
        self.version = version
        self.uptime = uptime
        self.hostUptime = hostUptime
        self.time = time
        self.pop = pop
        self.generation = generation
        self.digest = digest
        self.totals = totals
        self.tunnels = tunnels
        self.uplink = uplink
        self.kernel = kernel
        self.fastPath = fastPath
        self.peers = peers
    }
}
