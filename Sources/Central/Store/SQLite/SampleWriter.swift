internal import Foundation
internal import GRDB
internal import Wire

/// Writes one report of one PoP.
///
/// Daemons count from their start; what is stored are sums over restarts, see ``CounterSum``. What a report leaves
/// unknown stays as it was.
struct SampleWriter {
    private let database: Database
    private let popID: Int
    private let time: Date

    /// Since when what is reported for the first time was counted; nil when nobody knows.
    private var counted: Date?

    /// What was reported of the tunnels before, by number.
    private let tunnels: [Int64: Row]

    init(_ database: Database, popID: Int, time: Date) throws {
        self.database = database
        self.popID = popID
        self.time = time
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT * FROM tunnelCounter WHERE popID = ?",
            arguments: [popID]
        )
        self.tunnels = Dictionary(rows.map { ($0["tunnel"], $0) }) { first, _ in first }
    }

    mutating func write(_ report: ReceivedReport, clockSkew: Int?) throws {
        let totals = report.totals
        let sql = "SELECT * FROM popCounter WHERE popID = ?"
        let before = try Row.fetchOne(self.database, sql: sql, arguments: [self.popID])
        let earlier = try self.earlierReport(before)
        self.counted = CountingStart(report, at: self.time, after: earlier).time
        if earlier == nil { try self.begin("popStep", Int64(self.popID), columns: 11) }
        let sums = CounterSums(before, SamplesSchema.popCounters).following(
            [totals.rxPackets, totals.rxBytes, totals.txPackets, totals.txBytes],
            since: report.instance
        )
        let counts: [Int?] = [totals.online, totals.active, totals.configured]
        let described: [(any DatabaseValueConvertible)?] =
            [
                self.popID, self.time.milliseconds, report.instance ?? "", report.version ?? "",
                report.uptime,
                clockSkew, report.generation, report.digest,
            ] + counts + [report.errorCount.value, report.doubts.words]
        let kernel: [(any DatabaseValueConvertible)?] = [
            report.kernel?.mended?.value, report.kernel?.faults.joined(separator: "\n"),
        ]
        try self.execute(
            "INSERT OR REPLACE INTO popCounter VALUES (\(Self.marks(23)))",
            described + sums.counted + sums.offsets + kernel
        )
        for step in SampleStep.allCases {
            let start = step.start(of: self.time)
            try self.execute(
                """
                INSERT INTO popStep VALUES (\(Self.marks(11))) ON CONFLICT DO UPDATE SET reports = reports + 1,
                    \(Self.taken(["online", "active", "configured"] + SamplesSchema.popCounters))
                """,
                [step.rawValue, self.popID, start.milliseconds, 1] + counts.map { $0 ?? 0 } + sums.totals
            )
            try self.forget("popStep", "popID", Int64(self.popID), step)
        }
    }

    /// - Returns: What happened to the tunnel since the report before; nil when nothing did.
    func write(_ tunnel: ReceivedReport.Tunnel, of instance: String?) throws -> FleetEvent? {
        let key = Int64(tunnel.number.rawValue)
        let before = try self.tunnels[key] ?? self.elsewhere(key)
        let old = CounterSums(before, SamplesSchema.tunnelCounters)
        let sums = old.following(tunnel.counters, since: instance)
        let state = tunnel.state?.rawValue ?? before.map { $0["state"] } ?? ""
        try self.execute(
            "INSERT OR REPLACE INTO tunnelCounter VALUES (\(Self.marks(20)))",
            [key, self.popID, self.time.milliseconds, instance ?? "", state] + sums.counted + sums.offsets
                + [tunnel.address]
        )
        if tunnel.address != before?["endpoint"] { try self.write(tunnel.address, of: key) }
        let latency = sums.meanLatency(since: old)
        if before == nil { try self.begin("tunnelStep", key, columns: 14) }
        for step in SampleStep.allCases {
            let start = step.start(of: self.time)
            let isUp = tunnel.state == .up ? 1 : 0
            try self.execute(
                """
                INSERT INTO tunnelStep VALUES (\(Self.marks(14))) ON CONFLICT DO UPDATE SET reports = reports + 1,
                    reportsUp = reportsUp + excluded.reportsUp, \(Self.taken(SamplesSchema.tunnelCounters)),
                    minMs = min(coalesce(minMs, excluded.minMs), coalesce(excluded.minMs, minMs)),
                    maxMs = max(coalesce(maxMs, excluded.maxMs), coalesce(excluded.maxMs, maxMs))
                """,
                [step.rawValue, key, start.milliseconds, 1, isUp] + sums.totals + [latency, latency]
            )
            try self.forget("tunnelStep", "tunnel", key, step)
        }
        return self.event(tunnel, before)
    }

    /// For how long it is kept where a tunnel ended, in seconds: half a year, since complaints come late.
    static let endpointsKeptFor: TimeInterval = 26 * 7 * 86400

    /// How often a tunnel may have moved in that time and all of it is kept.
    private static let mostEndpoints = 1000

    /// Writes down where a tunnel ends from now on, and forgets what is too old or too much.
    private func write(_ address: String?, of key: Int64) throws {
        try self.execute(
            "INSERT INTO tunnelEndpoint (tunnel, time, address) VALUES (?, ?, ?)",
            [key, self.time.milliseconds, address]
        )
        // A row tells of the time up to the next: it goes when that is too old as well. One at a time, as with steps.
        let limit = self.time.addingTimeInterval(-Self.endpointsKeptFor).milliseconds
        try self.execute(
            """
            DELETE FROM tunnelEndpoint WHERE tunnel = :tunnel
                AND id = (SELECT min(id) FROM tunnelEndpoint WHERE tunnel = :tunnel)
                AND ((SELECT time FROM tunnelEndpoint WHERE tunnel = :tunnel ORDER BY id LIMIT 1 OFFSET 1) < :limit
                    OR (SELECT count(*) FROM tunnelEndpoint WHERE tunnel = :tunnel) > :most)
            """,
            ["tunnel": key, "limit": limit, "most": Self.mostEndpoints]
        )
    }

    /// When the PoP last reported; nil when it never did, whatever was said of reports that are not believed.
    private func earlierReport(_ before: Row?) throws -> Date? {
        let sql = "SELECT 1 FROM popStep WHERE seconds = ? AND popID = ? LIMIT 1"
        let day = SampleStep.day.rawValue
        guard let before, try Int.fetchOne(self.database, sql: sql, arguments: [day, self.popID]) != nil
        else {
            return nil
        }
        return Date(milliseconds: before["time"])
    }

    /// Writes that nothing was counted before the step in which counting began, so that the first report is traffic too.
    private func begin(_ table: String, _ key: Int64, columns: Int) throws {
        guard let counted = self.counted else { return }
        for step in SampleStep.allCases {
            let start = step.start(of: counted).addingTimeInterval(-Double(step.rawValue))
            // No row of a report is written over: there is none yet.
            let zeros = Array(repeating: "0", count: table == "tunnelStep" ? columns - 5 : columns - 3)
            let rest = zeros + (table == "tunnelStep" ? ["NULL", "NULL"] : [])
            try self.execute(
                "INSERT OR IGNORE INTO \(table) VALUES (?, ?, ?, \(rest.joined(separator: ", ")))",
                [step.rawValue, key, start.milliseconds]
            )
        }
    }

    /// A tunnel that moved here was reported by another PoP before.
    private func elsewhere(_ key: Int64) throws -> Row? {
        let statement = try self.database.cachedStatement(sql: "SELECT * FROM tunnelCounter WHERE tunnel = ?")
        return try Row.fetchOne(statement, arguments: [key])
    }

    private func event(_ tunnel: ReceivedReport.Tunnel, _ before: Row?) -> FleetEvent? {
        guard let before, let state = tunnel.state else { return nil }
        let (wasUp, isUp) = ((before["state"] as String) == "up", state == .up)
        guard wasUp != isUp else { return nil }
        return FleetEvent(
            time: self.time,
            popID: self.popID,
            tunnel: tunnel.number,
            kind: isUp ? .tunnelUp : .tunnelDown,
            detail: isUp ? "at \(tunnel.endpoint ?? "an unknown address")" : "it is \(state.rawValue)"
        )
    }

    private func forget(_ table: String, _ column: String, _ key: Int64, _ step: SampleStep) throws {
        // The oldest one, where one came: a clock that is ahead, which nothing else confirms, must not erase the past at once.
        // One before the limit stays: what came after it has grown from there.
        let limit = step.start(of: self.time.addingTimeInterval(-step.keptFor))
        try self.execute(
            """
            DELETE FROM \(table) WHERE seconds = ?1 AND \(column) = ?2 AND time =
                (SELECT min(time) FROM \(table) WHERE seconds = ?1 AND \(column) = ?2)
                AND ?3 >= (SELECT time FROM \(table) WHERE seconds = ?1 AND \(column) = ?2
                    ORDER BY time LIMIT 1 OFFSET 1)
            """,
            [step.rawValue, key, limit.milliseconds]
        )
    }

    private func execute(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?]) throws {
        try self.database.cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
    }

    private func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try self.database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    private static func marks(_ count: Int) -> String {
        Array(repeating: "?", count: count).joined(separator: ", ")
    }

    private static func taken(_ columns: [String]) -> String {
        columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
    }
}

/// The counters of one row, as the daemon says them and as sums over its restarts.
private struct CounterSums {
    private let sums: [CounterSum]

    /// The start of the daemon that they were counted since; nil when nothing was counted.
    private let instance: String?

    var counted: [Int64] { self.sums.map(\.counted.value) }
    var offsets: [Int64] { self.sums.map(\.offset.value) }
    var totals: [Int64] { self.sums.map(\.total.value) }

    init(_ row: Row?, _ names: [String]) {
        self.sums = names.map { name in
            row.map { CounterSum(storedCount: $0[name], offset: $0["\(name)Offset"]) } ?? .zero
        }
        self.instance = row?["instance"]
    }

    private init(_ sums: [CounterSum], _ instance: String?) {
        self.sums = sums
        self.instance = instance
    }

    func following(_ values: [Tally?], since instance: String?) -> CounterSums {
        let isSameLife = self.instance == instance ?? ""
        let sums = zip(self.sums, values).map { $0.following($1, isSameLife: isSameLife) }
        return CounterSums(sums, instance)
    }

    /// In milliseconds, of the probes answered since the report before; nil when there were none.
    func meanLatency(since before: CounterSums) -> Double? {
        let (new, old) = (self.sums.suffix(2).map(\.total), before.sums.suffix(2).map(\.total))
        guard new.count == 2, old.count == 2 else { return nil }
        let answers = new[0].growth(since: old[0]).value
        let microseconds = new[1].growth(since: old[1]).value
        return answers > 0 ? Double(microseconds) / Double(answers) / 1000 : nil
    }
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
            self.latency.received,
            self.latency.microseconds,
        ]
    }
}
