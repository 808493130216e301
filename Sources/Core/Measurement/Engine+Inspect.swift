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
    /// Whether decisions about it are written down.
    public internal(set) var isTraced: Bool
    /// The errors that occurred, in the order of ``ErrorKind``.
    public internal(set) var errors: [(kind: ErrorKind, count: UInt64)]
}

/// The uplink and what is no tunnel's as they are at a moment; a copy for those who look.
public struct UplinkSnapshot: Sendable {
    /// What passed: in from the native side, out to it.
    public internal(set) var traffic = TrafficCounters()
    /// When the last packet came in and went out, in seconds since 1970; nil for never.
    public internal(set) var lastTimes: (ingress: Int64?, egress: Int64?) = (nil, nil)
    /// The errors of the PoP itself that occurred, in the order of ``ErrorKind``.
    public internal(set) var errors: [(kind: ErrorKind, count: UInt64)] = []
}

extension Engine {
    /// Looks at a tunnel.
    ///
    /// Allocates.
    public mutating func snapshot(of tid: TID, at now: Timestamp) -> TunnelSnapshot {
        self.catchUp()
        let traffic = self.forwarder.tunnels[tid].traffic
        return TunnelSnapshot(
            tid: tid,
            condition: self.forwarder.entries[tid].condition,
            encapsulation: self.forwarder.tunnels[tid].session.encapsulation,
            path: self.forwarder.tunnels[tid].session.path,
            pathMTU: self.forwarder.tunnels[tid].session.pathMTU.map { Int($0.octets) },
            traffic: traffic,
            lastTimes: (
                traffic.ingress.lastSeen.map(now.unixTime(of:)),
                traffic.egress.lastSeen.map(now.unixTime(of:)),
                self.forwarder.tunnels[tid].hasBeaten
                    ? now.unixTime(of: self.forwarder.tunnels[tid].lastBeat) : nil
            ),
            idleSeconds: traffic.ingress.lastSeen.map {
                Int(now.nanoseconds(since: $0) / Timestamp.nanosecondsPerSecond)
            },
            latency: self.latency(of: tid),
            isTraced: self.forwarder.entries[tid].isTraced,
            errors: self.errorCounts(of: tid)
        )
    }

    /// What the probes measured whose replies this engine saw; the first engine sends them all.
    private func latency(of tid: TID) -> LatencyRecord {
        var latency = self.forwarder.tunnels[tid].latency
        if self.index.isFirst { latency.pending = self.sessions.pendingProbe(of: tid) }
        return latency
    }

    /// Looks at the uplink, and at what is no tunnel's.
    ///
    /// Allocates.
    public func uplinkSnapshot(at now: Timestamp) -> UplinkSnapshot {
        UplinkSnapshot(
            traffic: self.uplinkTraffic,
            lastTimes: (
                self.uplinkTraffic.ingress.lastSeen.map(now.unixTime(of:)),
                self.uplinkTraffic.egress.lastSeen.map(now.unixTime(of:))
            ),
            errors: self.errorCounts(of: nil)
        )
    }

    /// The errors of a tunnel, or of the PoP itself, that occurred.
    ///
    /// Allocates.
    public func errorCounts(of tid: TID?) -> [(kind: ErrorKind, count: UInt64)] {
        ErrorKind.allCases.compactMap { kind in
            let count = self.errors.count(kind, of: tid)
            return count == 0 ? nil : (kind, count)
        }
    }

    /// The last packet that caused an error of a tunnel, or of the PoP itself; nil when it never occurred.
    ///
    /// Allocates.
    public func errorSample(_ kind: ErrorKind, of tid: TID?) -> ErrorSample? {
        self.errors.sample(kind, of: tid)
    }

    /// What the probes of the other PoPs measured.
    public var otherPoPs: [PoPLatency] { self.popLatencies }
}

extension Engine {
    /// Forgets the errors of a tunnel, or of the PoP itself.
    public mutating func resetErrors(of tid: TID?) { self.errors.reset(tid) }

    /// Sets what passed and what was measured of a tunnel back to nothing.
    public mutating func resetStatistics(of tid: TID) {
        self.forwarder.tunnels[tid].traffic = TrafficCounters()
        self.forwarder.tunnels[tid].latency = LatencyRecord()
        self.sessions.setPendingProbe(nil, of: tid)
    }

    /// Sets what passed the uplink back to nothing.
    public mutating func resetUplinkStatistics() { self.uplinkTraffic = TrafficCounters() }
}

extension Engine {
    /// Counts a packet that the kernel would not send.
    ///
    /// - Parameters:
    ///   - packet: The packet, outer headers included.
    ///   - tid: The tunnel it was for; nil for the uplink.
    ///   - remote: Where it was to go.
    ///   - origin: Whose packet it was: one that was forwarded was not, after all.
    ///   - now: The time.
    public mutating func noteSendError(
        _ packet: RawSpan,
        tunnel tid: TID?,
        toward remote: IPAddress,
        _ origin: Output.Origin,
        at now: Timestamp
    ) {
        self.note(.dropped(.sendFailure), about: tid)
        self.recordError(.sendError, of: tid, packet, source: remote, at: now)
        guard origin == .forwarded else { return }
        self.accounting.forwarded &-= 1
        self.accounting.drop(.sendFailure)
    }

    /// Takes over what the kernel says of the path to a tunnel's end after it refused a packet as too large.
    ///
    /// - Parameters:
    ///   - mtu: Size of the largest outer packet, in octets.
    ///   - tid: The tunnel.
    ///   - now: The time.
    public mutating func noteLinkMTU(_ mtu: Int, of tid: TID, at now: Timestamp) {
        guard mtu >= PathMTU.ipv4Minimum else { return }
        let learnt = PathMTU(octets: UInt16(clamping: mtu), learntAt: now.monotonic)
        self.lowerPathMTU(of: tid, to: learnt)
    }
}
