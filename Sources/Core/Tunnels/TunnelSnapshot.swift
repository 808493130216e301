public import Wire

/// One tunnel as it is at a moment; a copy for those who look.
public struct TunnelSnapshot: Sendable {
    /// Its number at this PoP.
    public let tid: TID
    /// Whether it carries packets.
    public let condition: TunnelCondition
    /// How its packets travel.
    public let encapsulation: Encapsulation
    /// Where its ends are, when known.
    public let path: OuterPath?
    /// What was learnt of the path MTU, in octets, outer headers included; nil when nothing was.
    public let pathMTU: Int?
    /// What passed.
    public internal(set) var traffic: TrafficCounters
    /// When the last packet came in, went out, and the last valid beat came, in seconds since 1970; nil for never.
    public internal(set) var lastTimes: (ingress: Int64?, egress: Int64?, beat: Int64?)
    /// Seconds since a packet came in from the user; nil for never.
    ///
    /// What went out says nothing: our own probes go out every minute, whether or not anyone is there.
    public internal(set) var idleSeconds: Int?
    /// What the probes measured.
    public internal(set) var latency: LatencyRecord
    /// How long the round trips took.
    public internal(set) var roundTrips: RoundTrips
    /// Whether decisions about it are written down.
    public internal(set) var isTraced: Bool
    /// What keeps its packets from being forwarded without an engine; nil for nothing.
    public let obstacle: PlainTunnel.Obstacle?
    /// The errors that occurred, in the order of ``ErrorKind``.
    public internal(set) var errors: [(kind: ErrorKind, count: UInt64)]
}

extension TunnelSnapshot {
    /// Looks at a tunnel.
    init(of tid: TID, _ tables: borrowing Tables, at now: Timestamp) {
        let traffic = tables.forwarding.tunnels[tid].traffic
        // What this engine saw the replies of; the first engine sends all probes, and tells what engines share.
        var latency = tables.forwarding.tunnels[tid].latency
        if tables.index.isFirst { latency.pending = tables.sessions.pendingProbe(of: tid) }
        self.init(
            tid: tid,
            condition: tables.forwarding.entries[tid].condition,
            encapsulation: tables.forwarding.tunnels[tid].session.encapsulation,
            path: tables.forwarding.tunnels[tid].session.path,
            pathMTU: tables.forwarding.tunnels[tid].session.pathMTU.map { Int($0.octets) },
            traffic: traffic,
            lastTimes: (
                traffic.ingress.lastSeen.map(now.unixTime(of:)),
                traffic.egress.lastSeen.map(now.unixTime(of:)),
                tables.forwarding.tunnels[tid].hasBeaten
                    ? now.unixTime(of: tables.forwarding.tunnels[tid].lastBeat) : nil
            ),
            idleSeconds: traffic.ingress.lastSeen.map {
                Int(now.nanoseconds(since: $0) / Timestamp.nanosecondsPerSecond)
            },
            latency: latency,
            roundTrips: tables.index.isFirst ? tables.sessions.roundTrips(of: tid) : RoundTrips(),
            isTraced: tables.forwarding.entries[tid].isTraced,
            obstacle: PlainTunnel.obstacle(of: tid, tables.forwarding, tables.evidence, at: now),
            errors: tables.errors.counts(of: tid)
        )
    }
}

extension TunnelSnapshot {
    /// Adds what another engine saw of the same tunnel.
    public mutating func add(_ other: TunnelSnapshot) {
        self.traffic.add(other.traffic)
        self.latency.add(other.latency)
        self.roundTrips.add(other.roundTrips)
        self.lastTimes = (
            later(self.lastTimes.ingress, other.lastTimes.ingress),
            later(self.lastTimes.egress, other.lastTimes.egress),
            later(self.lastTimes.beat, other.lastTimes.beat)
        )
        self.idleSeconds = self.idleSeconds.map { min($0, other.idleSeconds ?? $0) } ?? other.idleSeconds
        self.isTraced = self.isTraced || other.isTraced
        self.errors = [(kind: ErrorKind, count: UInt64)](merging: [self.errors, other.errors])
    }
}
