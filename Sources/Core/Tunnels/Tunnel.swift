public import Wire

/// Whether a tunnel carries packets.
public enum TunnelCondition: UInt8, Hashable, Sendable, CaseIterable {
    /// Not configured.
    case none
    /// Switched off by the operator.
    case disabled
    /// Dynamic, and no recent beat says where its end is.
    case down
    /// Carries packets.
    case up
}

/// The two outer ends of a tunnel.
public struct OuterPath: Hashable, Sendable {
    /// Our address.
    public var local: IPAddress
    /// The user's address.
    public var remote: IPAddress
    /// Our UDP port; 0 without UDP.
    public var localPort: UInt16
    /// The user's UDP port; 0 without UDP.
    public var remotePort: UInt16

    /// Creates a path.
    public init(local: IPAddress, remote: IPAddress, localPort: UInt16 = 0, remotePort: UInt16 = 0) {
        self.local = local
        self.remote = remote
        self.localPort = localPort
        self.remotePort = remotePort
    }
}

/// What the data path knows of one tunnel: a row of the table that is allocated at start.
struct Tunnel: Sendable {
    var condition = TunnelCondition.none
    /// Whether beats and AYIYA packets tell where the remote end is.
    var isDynamic = false
    var encapsulation = Encapsulation.sixInFour
    /// Size of the largest inner packet, in octets, by configuration.
    var mtu: UInt16 = 1280
    /// Where the ends are; nil before a dynamic tunnel's first beat, or when our own address isn't known.
    var path: OuterPath?
    var secret: AYIYASecret?

    var traffic = TrafficCounters()
    /// Monotonic nanoseconds of the last valid beat or AYIYA packet.
    var lastBeat: UInt64 = 0
    /// The same in seconds since 1970; 0 for never.
    var lastBeatTime: Int64 = 0
    /// The latest time that an accepted beat from the present endpoint carried, in seconds since 1970.
    var newestBeat: Int64?
    /// Limits the ICMP errors about the tunnel.
    var errorLimit = TokenBucket()
    var latency = LatencyRecord()

    /// Size of the largest inner packet that the path takes, in octets.
    var effectiveMTU: Int { Int(self.mtu) }
}
