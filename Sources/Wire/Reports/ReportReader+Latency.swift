extension ReportReader {
    private enum LatencyKey: String, ReportKey {
        case sent, received, lossPercent, minMs, avgMs, maxMs, buckets

        var isRequired: Bool { self == .sent || self == .received }
    }

    /// Reads what probes measured.
    ///
    /// - Throws: ``JSONReader/Failure``.
    mutating func latency(
        _ name: some RawRepresentable<String>
    ) throws(JSONReader.Failure) -> ReceivedReport.Latency {
        var latency = ReceivedReport.Latency()
        guard try self.beginObject(name.rawValue) else { return latency }
        let milliseconds = 0...3_600_000.0
        var seen: Set<LatencyKey> = []
        while let key = try self.nextKey(&seen) {
            switch key {
            case .sent: latency.sent = try self.tally(key)
            case .received: latency.received = try self.tally(key)
            case .lossPercent: latency.lossPercent = try self.fraction(key, in: 0...100)
            case .minMs: latency.minMs = try self.fraction(key, in: milliseconds)
            case .avgMs: latency.avgMs = try self.fraction(key, in: milliseconds)
            case .maxMs: latency.maxMs = try self.fraction(key, in: milliseconds)
            case .buckets: latency.roundTrips = try self.roundTrips(key)
            }
        }
        return latency
    }
}
