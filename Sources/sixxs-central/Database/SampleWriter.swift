internal import Foundation
internal import GRDB
internal import Wire

/// Writes one report of one PoP.
///
/// Daemons count from their start. A sum over restarts is what a daemon says plus an offset, which grows by
/// what the daemon had counted whenever its instance changes, or a counter is less than it was.
struct SampleWriter {
    private let database: Database
    private let popID: Int
    private let time: Date

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
        self.tunnels = Dictionary(uniqueKeysWithValues: rows.map { ($0["tunnel"], $0) })
    }

    func write(_ report: PoPReport, clockSkew: Int) throws {
        let totals = report.totals
        let sql = "SELECT * FROM popCounter WHERE popID = ?"
        let sums = Sums(
            [totals.rxPackets, totals.rxBytes, totals.txPackets, totals.txBytes],
            of: SamplesSchema.popCounters,
            instance: report.instance,
            since: try Row.fetchOne(self.database, sql: sql, arguments: [self.popID])
        )
        let described: [(any DatabaseValueConvertible)?] = [
            self.popID, self.time.milliseconds, report.instance, report.version, report.uptime, clockSkew,
            report.generation, report.digest, totals.online, totals.active, totals.configured,
            Int64(clamping: report.errorCount),
        ]
        try self.execute(
            "INSERT OR REPLACE INTO popCounter VALUES (\(Self.marks(20)))",
            described + sums.counted + sums.offsets
        )
        let counts: [Int] = [totals.online, totals.active, totals.configured]
        for step in SampleStep.allCases {
            let start = step.start(of: self.time)
            try self.execute(
                """
                INSERT INTO popStep VALUES (\(Self.marks(11))) ON CONFLICT DO UPDATE SET reports = reports + 1,
                    \(Self.taken(["online", "active", "configured"] + SamplesSchema.popCounters))
                """,
                [step.rawValue, self.popID, start.milliseconds, 1] + counts + sums.totals
            )
            try self.forget("popStep", "popID", Int64(self.popID), step)
        }
    }

    /// - Returns: What happened to the tunnel since the report before; nil when nothing did.
    func write(_ tunnel: PoPReport.Tunnel, of instance: String) throws -> FleetEvent? {
        // A daemon that was configured by hand may know tunnels that have no number in the fleet.
        guard let number = try? TunnelNumber(parsing: tunnel.tunnel) else { return nil }
        let key = Int64(number.rawValue)
        let before = try self.tunnels[key] ?? self.elsewhere(key)
        let sums = Sums(tunnel.counters, of: SamplesSchema.tunnelCounters, instance: instance, since: before)
        try self.execute(
            "INSERT OR REPLACE INTO tunnelCounter VALUES (\(Self.marks(19)))",
            [key, self.popID, self.time.milliseconds, instance, tunnel.state] + sums.counted + sums.offsets
        )
        let latency = sums.meanLatency(since: before)
        for step in SampleStep.allCases {
            let start = step.start(of: self.time)
            let isUp = tunnel.state == "up" ? 1 : 0
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
        return self.event(number, tunnel, before)
    }

    /// A tunnel that moved here was reported by another PoP before.
    private func elsewhere(_ key: Int64) throws -> Row? {
        let statement = try self.database.cachedStatement(sql: "SELECT * FROM tunnelCounter WHERE tunnel = ?")
        return try Row.fetchOne(statement, arguments: [key])
    }

    private func event(_ number: TunnelNumber, _ tunnel: PoPReport.Tunnel, _ before: Row?) -> FleetEvent? {
        guard let before else { return nil }
        let (wasUp, isUp) = ((before["state"] as String) == "up", tunnel.state == "up")
        guard wasUp != isUp else { return nil }
        return FleetEvent(
            time: self.time,
            popID: self.popID,
            tunnel: number,
            kind: isUp ? .tunnelUp : .tunnelDown,
            detail: isUp ? "at \(tunnel.endpoint ?? "an unknown address")" : "it is \(tunnel.state)"
        )
    }

    private func forget(_ table: String, _ column: String, _ key: Int64, _ step: SampleStep) throws {
        let limit = step.start(of: self.time.addingTimeInterval(-step.keptFor))
        try self.execute(
            "DELETE FROM \(table) WHERE seconds = ? AND \(column) = ? AND time < ?",
            [step.rawValue, key, limit.milliseconds]
        )
    }

    private func execute(_ sql: String, _ arguments: [(any DatabaseValueConvertible)?]) throws {
        try self.database.cachedStatement(sql: sql).execute(arguments: StatementArguments(arguments))
    }

    private static func marks(_ count: Int) -> String {
        Array(repeating: "?", count: count).joined(separator: ", ")
    }

    private static func taken(_ columns: [String]) -> String {
        columns.map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
    }
}

/// Counters of one report, as the daemon says them and as sums over its restarts.
private struct Sums {
    let counted: [Int64]
    let offsets: [Int64]

    var totals: [Int64] { zip(self.counted, self.offsets).map { $0 &+ $1 } }

    init(_ values: [UInt64], of names: [String], instance: String, since before: Row?) {
        let counted = values.map { Int64(clamping: $0) }
        self.counted = counted
        guard let before else {
            self.offsets = names.map { _ in 0 }
            return
        }
        let isSame = (before["instance"] as String) == instance
        self.offsets = zip(names, counted).map { name, value in
            let (last, offset): (Int64, Int64) = (before[name], before["\(name)Offset"])
            return isSame && value >= last ? offset : offset &+ last
        }
    }

    /// In milliseconds, of the probes answered since the report before; nil when there were none.
    func meanLatency(since before: Row?) -> Double? {
        let totals = self.totals
        guard let received = totals.dropLast().last, let micros = totals.last else { return nil }
        let old = ["received", "latencyMicroseconds"].map { name -> Int64 in
            guard let before else { return 0 }
            return (before[name] as Int64) &+ (before["\(name)Offset"] as Int64)
        }
        let answers = received &- old[0]
        return answers > 0 ? Double(micros &- old[1]) / Double(answers) / 1000 : nil
    }
}

extension PoPReport.Tunnel {
    /// In the order of ``SamplesSchema/tunnelCounters``.
    fileprivate var counters: [UInt64] {
        let latency = Double(self.latency.received) * (self.latency.avgMs ?? 0) * 1000
        return [
            self.inPackets, self.inBytes, self.outPackets, self.outBytes, self.latency.sent,
            self.latency.received,
            UInt64(exactly: latency.rounded()) ?? 0,
        ]
    }
}
