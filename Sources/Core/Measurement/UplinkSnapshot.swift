/// The uplink and what is no tunnel's as they are at a moment; a copy for those who look.
public struct UplinkSnapshot: Sendable {
    /// What passed: in from the native side, out to it.
    public internal(set) var traffic = TrafficCounters()
    /// When the last packet came in and went out, in seconds since 1970; nil for never.
    public internal(set) var lastTimes: (ingress: Int64?, egress: Int64?) = (nil, nil)
    /// The errors of the PoP itself that occurred, in the order of ``ErrorKind``.
    public internal(set) var errors: [(kind: ErrorKind, count: UInt64)] = []
}
