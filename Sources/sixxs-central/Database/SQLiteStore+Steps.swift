internal import Foundation
internal import GRDB
internal import Wire

// What daemons counted, for those who ask afterwards.
extension SQLiteStore {
    /// The steps of a tunnel since a time, and the one before them.
    func steps(of tunnel: TunnelNumber, since: Date) async throws -> [CounterStep] {
        let step = SampleStep(reachingBack: since, from: self.now())
        let sql = Self.query("tunnelStep", key: "tunnel")
        return try await self.rows(sql, Int64(tunnel.rawValue), step, since) { row in
            CounterStep(
                time: Date(milliseconds: row["time"]),
                reports: row["reports"],
                up: row["reportsUp"],
                inPackets: row["inPackets"],
                inBytes: row["inBytes"],
                outPackets: row["outPackets"],
                outBytes: row["outBytes"],
                sent: row["sent"],
                received: row["received"],
                latency: row["latencyMicroseconds"],
                shortest: row["minMs"],
                longest: row["maxMs"]
            )
        }
    }

    /// The steps of a PoP since a time, and the one before them.
    func steps(ofPoP popID: Int, since: Date) async throws -> [CounterStep] {
        let step = SampleStep(reachingBack: since, from: self.now())
        let sql = Self.query("popStep", key: "popID")
        return try await self.rows(sql, Int64(popID), step, since) { row in
            CounterStep(
                time: Date(milliseconds: row["time"]),
                reports: row["reports"],
                up: row["online"],
                inPackets: row["txPackets"],
                inBytes: row["txBytes"],
                outPackets: row["rxPackets"],
                outBytes: row["rxBytes"]
            )
        }
    }

    /// What all PoPs together moved since a time, in octets, to the precision of a step.
    func traffic(since: Date) async throws -> (fromUplink: Int64, toUplink: Int64) {
        let step = SampleStep(reachingBack: since, from: self.now())
        let sql = """
            SELECT coalesce(sum(rx), 0) AS rx, coalesce(sum(tx), 0) AS tx FROM (
                SELECT max(rxBytes) - min(rxBytes) AS rx, max(txBytes) - min(txBytes) AS tx FROM popStep
                WHERE seconds = ? AND time >= ? GROUP BY popID)
            """
        // The step before is what the first one has grown from.
        let start = step.start(of: since).milliseconds - Int64(step.rawValue) * 1000
        return try await Self.translating {
            try await self.samples.read { database in
                let row = try Row.fetchOne(database, sql: sql, arguments: [step.rawValue, start])
                return (row?["rx"] ?? 0, row?["tx"] ?? 0)
            }
        }
    }

    private static func query(_ table: String, key: String) -> String {
        """
        SELECT * FROM \(table) WHERE seconds = :seconds AND \(key) = :key AND time >= coalesce(
            (SELECT max(time) FROM \(table) WHERE seconds = :seconds AND \(key) = :key AND time < :since), :since)
        ORDER BY time
        """
    }

    private func rows(
        _ sql: String,
        _ key: Int64,
        _ step: SampleStep,
        _ since: Date,
        _ make: @escaping @Sendable (Row) -> CounterStep
    ) async throws -> [CounterStep] {
        let arguments: StatementArguments = [
            "seconds": step.rawValue, "key": key, "since": step.start(of: since).milliseconds,
        ]
        return try await Self.translating {
            try await self.samples.read { database in
                try Row.fetchAll(database, sql: sql, arguments: arguments).map(make)
            }
        }
    }
}
