internal import Foundation
internal import GRDB
internal import Wire

/// What the probes of a PoP's tunnels measured between two reports, all together.
struct ProbeGrowth {
    /// In the order of ``GrowthSchema/popLatency``.
    private var counters: [Tally] = GrowthSchema.popLatency.map { _ in .zero }
    private var roundTrips: RoundTrips?

    /// Adds what a tunnel's counters grew by, whose last three are those of its probes.
    mutating func add(_ growth: [Int64], _ roundTrips: RoundTrips?) {
        self.counters = zip(self.counters, growth.suffix(self.counters.count)).map {
            $0 + Tally(clamping: $1)
        }
        guard let roundTrips else { return }
        self.roundTrips = self.roundTrips ?? RoundTrips()
        self.roundTrips?.add(roundTrips)
    }

    /// Adds it to the PoP's step that a time lies in, whose row is there.
    func write(into step: SampleStep, ofPoP popID: Int, at time: Date, in database: Database) throws {
        let key: [Int64] = [Int64(step.rawValue), Int64(popID), step.start(of: time).milliseconds]
        var sum = self.roundTrips
        let stored = try RepeatedStatement(database, Self.storedSQL)
        for (index, value) in key.enumerated() { try stored.bind(value, at: index + 1) }
        while try stored.next() {
            if let earlier = stored.octets(0).flatMap(RoundTrips.init(packed:)) { sum?.add(earlier) }
        }
        let row = try RepeatedStatement(database, Self.sql)
        for (index, value) in (key + self.counters.map(\.value)).enumerated() {
            try row.bind(value, at: index + 1)
        }
        try row.bind(sum?.packed, at: key.count + self.counters.count + 1)
        try row.run()
    }

    private static let place = "WHERE seconds = ?1 AND popID = ?2 AND time = ?3"
    private static let storedSQL = "SELECT roundTrips FROM popStep \(place)"

    /// Two that are in range add up to what SQLite still counts; more would be no integer.
    private static let sql = """
        UPDATE popStep SET \(GrowthSchema.popLatency.enumerated().map {
            "\($0.element) = min(\(Tally.limit), \($0.element) + ?\($0.offset + 4))"
        }.joined(separator: ", ")), roundTrips = coalesce(?\(GrowthSchema.popLatency.count + 4), roundTrips) \(place)
        """
}
