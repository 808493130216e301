// What several engines of one PoP saw, added up.

extension TrafficCounters {
    /// Adds what another engine counted.
    public mutating func add(_ other: TrafficCounters) {
        self.ingress.add(other.ingress)
        self.egress.add(other.egress)
    }
}

extension TrafficCounters {
    /// What was counted since an earlier time.
    public func since(_ earlier: TrafficCounters) -> TrafficCounters {
        var difference = TrafficCounters()
        difference.ingress = self.ingress.since(earlier.ingress)
        difference.egress = self.egress.since(earlier.egress)
        return difference
    }
}

extension TrafficCounters.Direction {
    fileprivate func since(_ earlier: Self) -> Self {
        Self(
            packets: self.packets &- earlier.packets,
            octets: self.octets &- earlier.octets,
            lastSeen: self.lastSeen == earlier.lastSeen ? nil : self.lastSeen
        )
    }

    fileprivate mutating func add(_ other: Self) {
        self.packets &+= other.packets
        self.octets &+= other.octets
        self.lastSeen = later(self.lastSeen, other.lastSeen)
    }
}

extension LatencyRecord {
    /// Adds the round trips that another engine saw the end of.
    mutating func add(_ other: LatencyRecord) {
        self.minimum =
            self.received == 0 || other.received == 0
            ? max(self.minimum, other.minimum) : min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        self.sum &+= other.sum
        self.sent &+= other.sent
        self.received &+= other.received
        self.pending = self.pending ?? other.pending
    }
}

extension ErrorSample {
    /// The newest of what several engines kept, with the count of all; nil when none kept anything.
    public init?(merging samples: [ErrorSample]) {
        guard let newest = samples.max(by: { $0.lastTime < $1.lastTime }) else { return nil }
        self.init(
            count: samples.reduce(0) { $0 &+ $1.count },
            lastTime: newest.lastTime,
            source: newest.source,
            octets: newest.octets,
            length: newest.length
        )
    }
}

extension UplinkSnapshot {
    /// Adds up what the engines of a PoP saw.
    public init(merging snapshots: [UplinkSnapshot]) {
        for snapshot in snapshots {
            self.traffic.add(snapshot.traffic)
            self.lastTimes = (
                later(self.lastTimes.ingress, snapshot.lastTimes.ingress),
                later(self.lastTimes.egress, snapshot.lastTimes.egress)
            )
        }
        self.errors = [(kind: ErrorKind, count: UInt64)](merging: snapshots.map(\.errors))
    }
}

extension [(kind: ErrorKind, count: UInt64)] {
    /// Adds up what several engines counted.
    public init(merging counts: [Self]) {
        var sums: [ErrorKind: UInt64] = [:]
        for (kind, count) in counts.joined() { sums[kind, default: 0] &+= count }
        self = ErrorKind.allCases.compactMap { kind in sums[kind].map { (kind, $0) } }
    }
}

/// The later of two times; nil when there is none.
func later<Time: Comparable>(_ first: Time?, _ second: Time?) -> Time? {
    guard let first, let second else { return first ?? second }
    return max(first, second)
}
