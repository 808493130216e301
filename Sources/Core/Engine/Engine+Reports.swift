public import Wire

// What is told to those who look.
extension Engine {
    /// Decides the fate of a packet; pure: the same engine, packet and ingress always give the same verdict.
    public func verdict(for packet: borrowing IPv6Packet, from ingress: Ingress) -> Verdict {
        self.tables.forwarding.verdict(for: packet, from: ingress)
    }

    /// What came from and went to the uplink.
    public var uplinkTraffic: TrafficCounters { self.tables.uplinkTraffic }

    /// What became of every packet that entered.
    public var accounting: Accounting { self.tables.accounting }

    /// What the probes of the other PoPs measured.
    public var otherPoPs: [PoPLatency] { self.tables.probes.pops }

    /// Looks at a tunnel.
    ///
    /// Allocates.
    public mutating func snapshot(of tid: TID, at now: Timestamp) -> TunnelSnapshot {
        self.tables.catchUp()
        return TunnelSnapshot(of: tid, self.tables, at: now)
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
        self.tables.errors.counts(of: tid)
    }

    /// The last packet that caused an error of a tunnel, or of the PoP itself; nil when it never occurred.
    ///
    /// Allocates.
    public func errorSample(_ kind: ErrorKind, of tid: TID?) -> ErrorSample? {
        self.tables.errors.sample(kind, of: tid)
    }

    /// Forgets the errors of a tunnel, or of the PoP itself.
    public mutating func resetErrors(of tid: TID?) { self.tables.errors.reset(tid) }

    /// Sets what passed and what was measured of a tunnel back to nothing.
    public mutating func resetStatistics(of tid: TID) {
        self.tables.forwarding.tunnels[tid].traffic = TrafficCounters()
        self.tables.forwarding.tunnels[tid].latency = LatencyRecord()
        self.tables.sessions.resetProbes(of: tid)
    }

    /// Sets what passed the uplink back to nothing.
    public mutating func resetUplinkStatistics() { self.tables.uplinkTraffic = TrafficCounters() }

    // MARK: - Decisions

    /// Begins or ends the tracing of a tunnel.
    public mutating func setTracing(of tid: TID, to isTraced: Bool) {
        self.tables.forwarding.setTracing(of: tid, to: isTraced)
        self.tables.notePlainChange(of: tid)
    }

    /// Whether decisions about a tunnel are written down.
    public func isTraced(_ tid: TID) -> Bool { self.tables.forwarding.entries[tid].isTraced }

    /// Takes the decisions that were written down since the last time, how many found no room, and the packets that were kept, by
    /// their numbers.
    ///
    /// Allocates.
    public mutating func takeDecisions() -> (
        entries: [DecisionLogEntry], lost: UInt64, packets: [UInt64: [UInt8]]
    ) {
        let log = (count: UInt64(self.index.count), number: UInt64(self.index.number))
        var taken = self.tables.forwarding.decisionLog.take()
        // Numbers that no packet of another engine has.
        for index in taken.entries.indices {
            taken.entries[index].packet = taken.entries[index].packet &* log.count &+ log.number
        }
        var packets: [UInt64: [UInt8]] = [:]
        for kept in self.tables.forwarding.decisionLog.takePackets() {
            packets[kept.packet &* log.count &+ log.number] = kept.octets
        }
        return (taken.entries, taken.lost, packets)
    }

    /// Whether packets that decisions are written down about are kept, for ``takeDecisions()``.
    public var keepsPackets: Bool {
        get { self.tables.forwarding.decisionLog.keepsPackets }
        set { self.tables.forwarding.decisionLog.keepsPackets = newValue }
    }
}
