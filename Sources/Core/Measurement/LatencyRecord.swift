/// What the latency probes of one tunnel measured since start.
public struct LatencyRecord: Hashable, Sendable {
    /// Probes sent.
    public internal(set) var sent: UInt64 = 0
    /// Replies that counted.
    public internal(set) var received: UInt64 = 0
    /// Shortest round trip, in microseconds; 0 before the first.
    public internal(set) var minimum: UInt64 = 0
    /// Longest round trip, in microseconds.
    public internal(set) var maximum: UInt64 = 0
    /// Sum of all round trips, in microseconds.
    public internal(set) var sum: UInt64 = 0
    /// The sequence number of the probe that waits for its reply; nil when none does.
    var pending: UInt16?

    /// Mean round trip, in microseconds; 0 before the first.
    public var average: UInt64 { self.received == 0 ? 0 : self.sum / self.received }

    /// Share of probes that found no reply, in percent; the one under way does not count.
    ///
    /// Nil before the first.
    public var lossPercent: Double? {
        let finished = self.sent &- (self.pending == nil ? 0 : 1)
        guard finished > 0 else { return nil }
        let lost = finished > self.received ? finished - self.received : 0
        return 100 * Double(lost) / Double(finished)
    }

    mutating func count(microseconds: UInt64) {
        self.minimum = self.received == 0 ? microseconds : min(self.minimum, microseconds)
        self.maximum = max(self.maximum, microseconds)
        self.sum &+= microseconds
        self.received &+= 1
        self.pending = nil
    }
}
