internal import Foundation
internal import GRDB
internal import Wire

/// Writes what a report says of its PoP; ``TunnelSampleWriter`` what it says of its tunnels.
///
/// Daemons count from their start; what is stored are sums over restarts, see ``CounterSum``. What a report leaves
/// unknown stays as it was.
struct SampleWriter {
    private let database: Database
    private let popID: Int
    private let time: Date

    init(_ database: Database, popID: Int, time: Date) {
        self.database = database
        self.popID = popID
        self.time = time
    }

    /// Writes a report.
    ///
    /// - Returns: The tunnels that went up or down since the report before.
    func write(_ report: ReceivedReport, clockSkew: Int?) throws -> [FleetEvent] {
        let sql = "SELECT * FROM popCounter WHERE popID = ?"
        let before = try Row.fetchOne(self.database, sql: sql, arguments: [self.popID])
        let earlier = try self.earlierReport(before)
        let counted = CountingStart(report, at: self.time, after: earlier).time
        if let counted, earlier == nil { try self.begin(counted) }
        let sums = PoPSums(before).following(report)
        try self.write(report, sums, clockSkew: clockSkew)
        for step in SampleStep.allCases { try self.write(report.totals, sums, into: step) }
        var tunnels = try TunnelSampleWriter(
            self.database,
            popID: self.popID,
            time: self.time,
            instance: report.instance ?? "",
            counted: counted
        )
        let events = try report.tunnels.compactMap { try tunnels.write($0) }
        for step in SampleStep.allCases {
            try tunnels.latency.write(into: step, ofPoP: self.popID, at: self.time, in: self.database)
        }
        try PeerSampleWriter(self.database, popID: self.popID, time: self.time)
            .write(report.peers, instance: report.instance ?? "")
        return events
    }

    private func write(_ report: ReceivedReport, _ sums: PoPSums, clockSkew: Int?) throws {
        let described: [(any DatabaseValueConvertible)?] = [
            self.popID, self.time.milliseconds, report.instance ?? "", report.version ?? "", report.uptime,
            clockSkew, report.generation, report.digest, report.totals.online, report.totals.active,
            report.totals.configured, report.errorCount.value, report.doubts.words,
        ]
        let kernel: [(any DatabaseValueConvertible)?] = [
            report.kernel?.mended?.value, report.kernel?.faults.joined(separator: "\n"),
        ]
        try self.database.cachedStatement(sql: Self.counterSQL).execute(
            arguments: StatementArguments(described + sums.counted + sums.offsets + kernel)
        )
    }

    private func write(_ totals: ReceivedReport.Totals, _ sums: PoPSums, into step: SampleStep) throws {
        let start = step.start(of: self.time).milliseconds
        let counts = [totals.online, totals.active, totals.configured].map { $0 ?? 0 }
        let isNew =
            try Int.fetchOne(
                self.database.cachedStatement(sql: Self.existingStepSQL),
                arguments: [step.rawValue, self.popID, start]
            ) == nil
        try self.database.cachedStatement(sql: Self.stepSQL).execute(
            arguments: StatementArguments(
                [Int64(step.rawValue), Int64(self.popID), start, 1] + counts.map(Int64.init) + sums.totals
            )
        )
        if isNew { try self.forget(step) }
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
    private func begin(_ counted: Date) throws {
        for step in SampleStep.allCases {
            let start = step.start(of: counted).addingTimeInterval(-Double(step.rawValue))
            // No row of a report is written over: there is none yet.
            try self.database.execute(
                sql:
                    "INSERT OR IGNORE INTO popStep (\(Self.stepColumns)) VALUES (?, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0)",
                arguments: [step.rawValue, self.popID, start.milliseconds]
            )
        }
    }

    private func forget(_ step: SampleStep) throws {
        // The oldest one, where one came: a clock that is ahead, which nothing else confirms, must not erase the past at once.
        // One before the limit stays: what came after it has grown from there.
        let limit = step.start(of: self.time.addingTimeInterval(-step.keptFor))
        try self.database.cachedStatement(sql: Self.forgettingSQL).execute(
            arguments: [step.rawValue, self.popID, limit.milliseconds]
        )
    }
}

// What is the same for every report is put together once.
extension SampleWriter {
    private static let counterSQL = "INSERT OR REPLACE INTO popCounter VALUES (\(marks(23)))"

    private static let existingStepSQL = "SELECT 1 FROM popStep WHERE seconds = ? AND popID = ? AND time = ?"

    private static let stepColumns =
        (["seconds", "popID", "time", "reports", "online", "active", "configured"] + SamplesSchema.popCounters)
        .joined(separator: ", ")

    private static let stepSQL = """
        INSERT INTO popStep (\(stepColumns)) VALUES (\(marks(11))) ON CONFLICT DO UPDATE SET reports = reports + 1,
            \((["online", "active", "configured"] + SamplesSchema.popCounters).map { "\($0) = excluded.\($0)" }
                .joined(separator: ", "))
        """

    private static let forgettingSQL = """
        DELETE FROM popStep WHERE seconds = ?1 AND popID = ?2 AND time =
            (SELECT min(time) FROM popStep WHERE seconds = ?1 AND popID = ?2)
            AND ?3 >= (SELECT time FROM popStep WHERE seconds = ?1 AND popID = ?2 ORDER BY time LIMIT 1 OFFSET 1)
        """

    static func marks(_ count: Int) -> String {
        Array(repeating: "?", count: count).joined(separator: ", ")
    }
}

/// The counters of a PoP, as the daemon says them and as sums over its restarts.
private struct PoPSums {
    private let sums: [CounterSum]

    /// The start of the daemon that they were counted since; nil when nothing was counted.
    private let instance: String?

    var counted: [Int64] { self.sums.map(\.counted.value) }
    var offsets: [Int64] { self.sums.map(\.offset.value) }
    var totals: [Int64] { self.sums.map(\.total.value) }

    init(_ row: Row?) {
        self.sums = SamplesSchema.popCounters.map { name in
            row.map { CounterSum(storedCount: $0[name], offset: $0["\(name)Offset"]) } ?? .zero
        }
        self.instance = row?["instance"]
    }

    private init(_ sums: [CounterSum], _ instance: String?) {
        self.sums = sums
        self.instance = instance
    }

    func following(_ report: ReceivedReport) -> PoPSums {
        let totals = report.totals
        let values = [totals.rxPackets, totals.rxBytes, totals.txPackets, totals.txBytes]
        let isSameLife = self.instance == report.instance ?? ""
        let sums = zip(self.sums, values).map { $0.following($1, isSameLife: isSameLife) }
        return PoPSums(sums, report.instance)
    }
}
