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
    /// Whether beats and AYIYA packets tell where the remote end is.
    var isDynamic = false
    /// Size of the largest inner packet, in octets, by configuration.
    var mtu: UInt16 = 1280
    /// What the PoP's engines agreed on.
    var session = Session()
    var secret: AYIYASecret?
    /// What packets may be signed with too, until the expiry, in seconds since 1970.
    var retiredSecret: (secret: AYIYASecret, expiry: Int64)?

    var traffic = TrafficCounters()
    /// Monotonic nanoseconds of the last valid beat or AYIYA packet.
    var lastBeat: UInt64 = 0
    /// Whether there ever was one.
    var hasBeaten = false
    /// When the other engines were last told of a beat, in nanoseconds of the monotonic clock.
    var toldBeat: UInt64 = 0
    var latency = LatencyRecord()
    /// What its outer packets carry that only who sees them can know.
    var marks = PathMarks()

    /// What our packets are signed with.
    var signingSecret: AYIYASecret? {
        self.session.usesRetiredSecret ? self.retiredSecret?.secret : self.secret
    }
}
