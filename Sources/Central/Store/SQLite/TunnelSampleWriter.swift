internal import Foundation
internal import GRDB
internal import Wire

/// Writes what a report says of the tunnels of its PoP: a thousand and more of them, four rows each.
struct TunnelSampleWriter {
    private let popID: Int64
    private let time: Date

    /// The daemon's start.
    private let instance: String

    /// What was reported of the tunnels before, by number.
    private let memories: [Int64: TunnelMemory]
    private let database: Database
    private let newcomers: RepeatedStatement
    private let counters: RepeatedStatement
    private let steps: [OpenStep]

    /// Whether it is known since when what is reported for the first time was counted.
    private let knowsStart: Bool

    /// What all tunnels' probes measured since the reports before.
    private(set) var latency = ProbeGrowth()

    /// Reads what was reported of the PoP's tunnels before, and prepares what is written.
    ///
    /// - Parameters:
    ///   - database: The samples.
    ///   - popID: Whose report it is.
    ///   - time: When it came.
    ///   - instance: The daemon's start.
    ///   - counted: Since when what is reported for the first time was counted; nil when nobody knows.
    /// - Throws: What SQLite says.
    init(_ database: Database, popID: Int, time: Date, instance: String, counted: Date?) throws {
        self.database = database
        self.popID = Int64(popID)
        self.time = time
        self.instance = instance
        self.knowsStart = counted != nil
        self.memories = try TunnelMemory.all(ofPoP: Int64(popID), in: database)
        self.newcomers = try RepeatedStatement(database, Self.newCounterSQL)
        self.counters = try RepeatedStatement(database, Self.counterSQL)
        for statement in [self.newcomers, self.counters] {
            try statement.bind(Int64(popID), at: 2)
            try statement.bind(time.milliseconds, at: 3)
            try statement.bind(instance, at: 4)
        }
        self.steps = try SampleStep.allCases.map {
            try OpenStep($0, at: time, countedSince: counted, in: database)
        }
    }

    /// - Returns: What happened to the tunnel since the report before; nil when nothing did.
    mutating func write(_ tunnel: ReceivedReport.Tunnel) throws -> FleetEvent? {
        let key = Int64(tunnel.number.rawValue)
        // A tunnel that moved here was reported by another PoP before.
        let before = try self.memories[key] ?? TunnelMemory.one(key, in: self.database)
        let isSameLife = before?.instance == self.instance
        let sums = zip(before?.sums ?? TunnelMemory.none, tunnel.counters).map {
            $0.following($1, isSameLife: isSameLife)
        }
        try self.write(tunnel, key, sums, before)
        if tunnel.address != before?.endpoint {
            try EndpointWriter(self.database, self.time).write(tunnel.address, of: key)
        }
        let growth = zip(sums, before?.sums ?? TunnelMemory.none).map {
            $0.total.growth(since: $1.total).value
        }
        let roundTrips = self.roundTrips(of: tunnel, since: before)
        if before != nil || self.knowsStart { self.latency.add(growth, roundTrips) }
        for step in self.steps {
            try step.write(
                key,
                isUp: tunnel.state == .up,
                growth,
                roundTrips,
                since: before.map { Date(milliseconds: $0.time) }
            )
        }
        return self.event(tunnel, before)
    }

    /// What came back since the report before; nil when that is not known.
    private func roundTrips(of tunnel: ReceivedReport.Tunnel, since before: TunnelMemory?) -> RoundTrips? {
        guard let now = tunnel.latency.roundTrips else { return nil }
        guard let before else { return self.knowsStart ? now : nil }
        guard before.instance == self.instance else { return now }
        if let earlier = before.roundTrips { return now.growth(since: earlier) }
        // None were stored where there were none, and where they were not stored yet.
        return before.hasAnswers ? nil : now
    }

    private func write(
        _ tunnel: ReceivedReport.Tunnel,
        _ key: Int64,
        _ sums: [CounterSum],
        _ before: TunnelMemory?
    ) throws {
        // Where the PoP is the same, its index stays as it is.
        let statement = before?.popID == self.popID ? self.counters : self.newcomers
        try statement.bind(key, at: 1)
        try statement.bind(tunnel.state?.rawValue ?? before?.state ?? "", at: 5)
        for (index, sum) in sums.enumerated() {
            try statement.bind(sum.counted.value, at: 6 + index)
            try statement.bind(sum.offset.value, at: 6 + sums.count + index)
        }
        try statement.bind(tunnel.address, at: 6 + 2 * sums.count)
        let lastUp = tunnel.state == .up ? self.time.milliseconds : before?.lastUp
        try statement.bind(lastUp, at: 7 + 2 * sums.count)
        try statement.bind(tunnel.latency.roundTrips?.packed, at: 8 + 2 * sums.count)
        try statement.run()
    }

    private func event(_ tunnel: ReceivedReport.Tunnel, _ before: TunnelMemory?) -> FleetEvent? {
        guard let before, let state = tunnel.state else { return nil }
        let (wasUp, isUp) = (before.state == ReceivedReport.State.up.rawValue, state == .up)
        guard wasUp != isUp else { return nil }
        return FleetEvent(
            time: self.time,
            popID: Int(self.popID),
            tunnel: tunnel.number,
            kind: isUp ? .tunnelUp : .tunnelDown,
            detail: isUp ? "at \(tunnel.endpoint ?? "an unknown address")" : "it is \(state.rawValue)"
        )
    }
}

// What is the same for every report is put together once.
extension TunnelSampleWriter {
    private static let columns =
        ["tunnel", "popID", "time", "instance", "state"] + SamplesSchema.tunnelCounters
        + SamplesSchema.tunnelCounters.map { "\($0)Offset" } + ["endpoint", "lastUp", "roundTrips"]

    private static let newCounterSQL = """
        INSERT OR REPLACE INTO tunnelCounter (\(columns.joined(separator: ", ")))
        VALUES (\(columns.indices.map { "?\($0 + 1)" }.joined(separator: ", ")))
        """

    private static let counterSQL = """
        UPDATE tunnelCounter SET \(columns.enumerated().dropFirst(2).map { "\($0.element) = ?\($0.offset + 1)" }
            .joined(separator: ", "))
        WHERE tunnel = ?1 AND popID = ?2
        """
}

/// What was stored with a tunnel's newest report.
private struct TunnelMemory {
    let popID: Int64
    let time: Int64
    let instance: String
    let state: String
    let sums: [CounterSum]
    let endpoint: String?
    let lastUp: Int64?
    let roundTrips: RoundTrips?

    /// Whether a probe was ever answered.
    var hasAnswers: Bool { self.sums.dropLast().last.map { $0.counted > .zero } ?? false }

    static let none = SamplesSchema.tunnelCounters.map { _ in CounterSum.zero }

    static func all(ofPoP popID: Int64, in database: Database) throws -> [Int64: TunnelMemory] {
        let rows = try RepeatedStatement(database, "\(Self.query) WHERE popID = ?")
        try rows.bind(popID, at: 1)
        var memories: [Int64: TunnelMemory] = [:]
        while try rows.next() { memories[rows.integer(0) ?? 0] = TunnelMemory(rows) }
        return memories
    }

    static func one(_ tunnel: Int64, in database: Database) throws -> TunnelMemory? {
        let rows = try RepeatedStatement(database, "\(Self.query) WHERE tunnel = ?")
        try rows.bind(tunnel, at: 1)
        var memory: TunnelMemory?
        while try rows.next() { memory = TunnelMemory(rows) }
        return memory
    }

    private static let query = """
        SELECT tunnel, popID, time, instance, state, endpoint, lastUp, roundTrips,
            \((SamplesSchema.tunnelCounters.flatMap { [$0, "\($0)Offset"] }).joined(separator: ", "))
        FROM tunnelCounter
        """

    private init(_ row: RepeatedStatement) {
        self.popID = row.integer(1) ?? 0
        self.time = row.integer(2) ?? 0
        self.instance = row.text(3) ?? ""
        self.state = row.text(4) ?? ""
        self.endpoint = row.text(5)
        self.lastUp = row.integer(6)
        self.roundTrips = row.octets(7).flatMap(RoundTrips.init(packed:))
        self.sums = SamplesSchema.tunnelCounters.indices.map { index in
            CounterSum(
                storedCount: row.integer(8 + 2 * index) ?? 0,
                offset: row.integer(9 + 2 * index) ?? 0
            )
        }
    }
}

/// The step of one length that reports come into now.
private struct OpenStep {
    private let step: SampleStep
    private let number: Int64

    /// How many steps ago counting began of what is reported for the first time; 0 when nobody knows.
    private let firstSpan: Int64
    private let rows: RepeatedStatement

    /// What rows have of round trips already; nil while the step has no rows.
    private let stored: RepeatedStatement?

    init(_ step: SampleStep, at time: Date, countedSince counted: Date?, in database: Database) throws {
        self.step = step
        self.number = step.number(of: time)
        self.firstSpan =
            counted.map { Self.steps(from: step.number(of: $0), to: step.number(of: time)) + 1 } ?? 0
        let isNew = try Self.isNew(step, self.number, in: database)
        if isNew { try Self.forget(step, at: time, in: database) }
        self.stored = try isNew ? nil : RepeatedStatement(database, Self.storedSQL)
        self.rows = try RepeatedStatement(database, Self.sql)
    }

    private static func steps(from earlier: Int64, to later: Int64) -> Int64 {
        let (steps, overflows) = later.subtractingReportingOverflow(earlier)
        return overflows ? Int64(Int32.max) : min(max(0, steps), Int64(Int32.max))
    }

    /// Adds what a tunnel's counters grew by.
    ///
    /// - Parameters:
    ///   - tunnel: Its number.
    ///   - isUp: Whether it was up.
    ///   - growth: Since the report before, in the order of ``SamplesSchema/tunnelCounters``.
    ///   - roundTrips: Those since the report before; nil when nothing is known of them.
    ///   - reported: When that was; nil when there was none.
    /// - Throws: What SQLite says.
    func write(
        _ tunnel: Int64,
        isUp: Bool,
        _ growth: [Int64],
        _ roundTrips: RoundTrips?,
        since reported: Date?
    ) throws {
        let span =
            reported.map { max(1, Self.steps(from: self.step.number(of: $0), to: self.number)) }
            ?? self.firstSpan
        // The steps of all lengths share the statement.
        try self.rows.bind(self.step.code, at: 1)
        try self.rows.bind(self.number, at: 2)
        try self.rows.bind(tunnel, at: 3)
        try self.rows.bind(isUp ? 1 : 0, at: 4)
        try self.rows.bind(span, at: 5)
        for (index, value) in growth.enumerated() {
            try self.rows.bind(span > 0 ? value : 0, at: 6 + index)
        }
        // Round trips tell more than means.
        try self.rows.bind(roundTrips == nil ? Self.meanLatency(growth) : nil, at: 6 + growth.count)
        try self.rows.bind(self.sum(of: roundTrips, tunnel)?.packed, at: 7 + growth.count)
        try self.rows.run()
    }

    /// With what the row has already.
    private func sum(of roundTrips: RoundTrips?, _ tunnel: Int64) throws -> RoundTrips? {
        guard var sum = roundTrips, let stored = self.stored else { return roundTrips }
        try stored.bind(self.step.code, at: 1)
        try stored.bind(self.number, at: 2)
        try stored.bind(tunnel, at: 3)
        while try stored.next() {
            if let earlier = stored.octets(0).flatMap(RoundTrips.init(packed:)) { sum.add(earlier) }
        }
        return sum
    }

    private static let storedSQL =
        "SELECT roundTrips FROM tunnelStep WHERE step = ? AND number = ? AND tunnel = ?"

    /// In microseconds, of the probes answered since the report before; nil when there were none.
    private static func meanLatency(_ growth: [Int64]) -> Int64? {
        guard let answers = growth.dropLast().last, let microseconds = growth.last, answers > 0 else {
            return nil
        }
        return Int64(saturating: (Double(microseconds) / Double(answers)).rounded())
    }

    /// Two that are in range add up to what SQLite still counts; more would be no integer.
    private static let sql = """
        INSERT INTO tunnelStep (step, number, tunnel, reports, reportsUp, span, \(SamplesSchema.tunnelCounters.joined(separator: ", ")),
            shortest, longest, roundTrips)
        VALUES (?1, ?2, ?3, 1, ?4, ?5, \(SamplesSchema.tunnelCounters.indices.map { "?\($0 + 6)" }.joined(separator: ", ")),
            ?\(SamplesSchema.tunnelCounters.count + 6), ?\(SamplesSchema.tunnelCounters.count + 6),
            ?\(SamplesSchema.tunnelCounters.count + 7))
        ON CONFLICT DO UPDATE SET reports = reports + 1, reportsUp = reportsUp + excluded.reportsUp,
            span = max(span, excluded.span),
            \(SamplesSchema.tunnelCounters.map { "\($0) = min(\(Tally.limit), \($0) + excluded.\($0))" }.joined(separator: ", ")),
            shortest = min(coalesce(shortest, excluded.shortest), coalesce(excluded.shortest, shortest)),
            longest = max(coalesce(longest, excluded.longest), coalesce(excluded.longest, longest)),
            roundTrips = coalesce(excluded.roundTrips, roundTrips)
        """

    /// Whether no tunnel has a row of the step yet.
    private static func isNew(_ step: SampleStep, _ number: Int64, in database: Database) throws -> Bool {
        let known = try RepeatedStatement(
            database,
            "SELECT EXISTS (SELECT 1 FROM tunnelStep WHERE step = ? AND number = ?)"
        )
        try known.bind(step.code, at: 1)
        try known.bind(number, at: 2)
        var isNew = true
        while try known.next() { isNew = known.integer(0) == 0 }
        return isNew
    }

    /// Removes the oldest step of all tunnels when one begins, if it is too old.
    ///
    /// Only the oldest: a clock that is ahead, which nothing else confirms, must not erase the past at once.
    private static func forget(_ step: SampleStep, at time: Date, in database: Database) throws {
        let oldest = try RepeatedStatement(database, Self.forgettingSQL)
        try oldest.bind(step.code, at: 1)
        try oldest.bind(step.number(of: time.addingTimeInterval(-step.keptFor)), at: 2)
        try oldest.run()
    }

    private static let forgettingSQL = """
        DELETE FROM tunnelStep WHERE step = ?1 AND number = (SELECT min(number) FROM tunnelStep WHERE step = ?1)
            AND number < ?2
        """
}

extension ReceivedReport.Tunnel {
    /// The user's outer address, without a port; nil when it is unknown.
    fileprivate var address: String? {
        guard let endpoint = self.endpoint else { return nil }
        return (try? Endpoint(parsing: endpoint)).map { "\($0.address)" } ?? endpoint
    }

    /// In the order of ``SamplesSchema/tunnelCounters``.
    fileprivate var counters: [Tally?] {
        [
            self.inPackets, self.inBytes, self.outPackets, self.outBytes, self.latency.sent,
            self.latency.received, self.latency.microseconds,
        ]
    }
}
