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
    /// What passed.
    public let traffic: TrafficCounters
    /// When the last valid beat came, in seconds since 1970; nil for never.
    public let lastBeatTime: Int64?
    /// What the probes measured.
    public let latency: LatencyRecord
    /// The errors that occurred, in the order of ``ErrorKind``.
    public let errors: [(kind: ErrorKind, count: UInt64)]
}

extension Engine {
    /// Looks at a tunnel.
    ///
    /// Allocates.
    public func snapshot(of tid: TID) -> TunnelSnapshot {
        TunnelSnapshot(
            tid: tid,
            condition: self.tunnels[tid].condition,
            encapsulation: self.tunnels[tid].encapsulation,
            path: self.tunnels[tid].path,
            traffic: self.tunnels[tid].traffic,
            lastBeatTime: self.tunnels[tid].lastBeatTime == 0 ? nil : self.tunnels[tid].lastBeatTime,
            latency: self.tunnels[tid].latency,
            errors: self.errorCounts(of: tid)
        )
    }

    /// Looks at all tunnels that are configured, in the order of their tids.
    ///
    /// Allocates.
    public func snapshots() -> [TunnelSnapshot] {
        (0..<UInt16(TID.capacity)).compactMap { TID(rawValue: $0) }
            .filter { self.tunnels[$0].condition != .none }
            .map { self.snapshot(of: $0) }
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

    /// Counts a packet that the kernel would not send.
    ///
    /// - Parameters:
    ///   - packet: The packet, outer headers included.
    ///   - tid: The tunnel it was for; nil for the uplink.
    ///   - remote: Where it was to go.
    ///   - now: The time.
    public mutating func noteSendError(
        _ packet: RawSpan,
        tunnel tid: TID?,
        toward remote: IPAddress,
        at now: Moment
    ) {
        self.errors.record(.sendError, of: tid, packet: packet, source: remote, at: now)
    }
}
