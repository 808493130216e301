internal import Wire

/// What the data path knows of one tunnel: a row of the table that is allocated at start.
struct TunnelState: Sendable {
    /// Whether beats and AYIYA packets tell where the remote end is.
    var isDynamic = false
    /// Size of the largest inner packet, in octets, by configuration.
    var mtu: UInt16 = 1280
    /// What the PoP's engines agreed on.
    var session = Session()
    /// What the tunnel's protocols remember of its user.
    var peer = PeerState()

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
}
