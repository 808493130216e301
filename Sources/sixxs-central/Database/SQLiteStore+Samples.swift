internal import Foundation
internal import GRDB
internal import Wire

extension SQLiteStore {
    func record(_ report: PoPReport, of popID: Int, at time: Date) async throws {
        try await Self.translating {
            try await self.samples.write { database in
                try Self.insert(report, of: popID, at: time, in: database)
                for tunnel in report.tunnels {
                    try Self.insert(tunnel, at: time, in: database)
                }
            }
        }
    }

    private static func insert(
        _ report: PoPReport,
        of popID: Int,
        at time: Date,
        in database: Database
    ) throws {
        let totals = report.totals
        try database.execute(
            sql: "INSERT OR REPLACE INTO popSample VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            arguments: [
                popID, time.milliseconds, report.instance, report.version, report.uptime, report.generation,
                report.digest, totals.online, totals.active, totals.configured,
                Int64(clamping: totals.rxPackets), Int64(clamping: totals.rxBytes),
                Int64(clamping: totals.txPackets), Int64(clamping: totals.txBytes),
            ]
        )
    }

    private static func insert(_ tunnel: PoPReport.Tunnel, at time: Date, in database: Database) throws {
        // A daemon that was configured by hand may know tunnels that have no number in the fleet.
        guard let number = try? TunnelNumber(parsing: tunnel.tunnel) else { return }
        let statement = try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO tunnelSample VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        try statement.execute(arguments: [
            Int64(number.rawValue), time.milliseconds, tunnel.state,
            Int64(clamping: tunnel.inPackets), Int64(clamping: tunnel.inBytes),
            Int64(clamping: tunnel.outPackets), Int64(clamping: tunnel.outBytes),
            Int64(clamping: tunnel.latency.sent), Int64(clamping: tunnel.latency.received),
            tunnel.latency.minMs, tunnel.latency.avgMs, tunnel.latency.maxMs,
        ])
    }

    func latestSamples() async throws -> [Int: PoPSample] {
        // A walk over the distinct PoPs, each found by the primary key, however many samples there are.
        let sql = """
            WITH RECURSIVE pop (id) AS (
                SELECT min(popID) FROM popSample
                UNION ALL SELECT (SELECT min(popID) FROM popSample WHERE popID > pop.id) FROM pop WHERE id IS NOT NULL
            )
            SELECT popSample.* FROM pop JOIN popSample
                ON popSample.popID = pop.id AND time = (SELECT max(time) FROM popSample WHERE popID = pop.id)
            """
        let samples = try await Self.translating {
            try await self.samples.read { database in
                try Row.fetchAll(database, sql: sql).map { ($0["popID"] as Int, Self.sample($0)) }
            }
        }
        return Dictionary(uniqueKeysWithValues: samples)
    }

    private static func sample(_ row: Row) -> PoPSample {
        PoPSample(
            time: Date(milliseconds: row["time"]),
            instance: row["instance"],
            version: row["version"],
            uptime: row["uptime"],
            generation: row["generation"],
            digest: row["digest"],
            online: row["online"],
            active: row["active"],
            configured: row["configured"],
            rxPackets: row["rxPackets"],
            rxBytes: row["rxBytes"],
            txPackets: row["txPackets"],
            txBytes: row["txBytes"]
        )
    }
}
