internal import Foundation
internal import GRDB
internal import Wire

extension SQLiteStore {
    func record(_ report: PoPReport, of popID: Int, at time: Date) async throws -> [FleetEvent] {
        let skew = report.time - Int(self.now().timeIntervalSince1970)
        return try await Self.translating {
            try await self.samples.write { database in
                let writer = try SampleWriter(database, popID: popID, time: time)
                try writer.write(report, clockSkew: skew)
                return try report.tunnels.compactMap { try writer.write($0, of: report.instance) }
            }
        }
    }

    /// The newest sample of every PoP that has one, by PoP id.
    func latestSamples() async throws -> [Int: PoPSample] {
        let samples = try await Self.translating {
            try await self.samples.read { database in
                try Row.fetchAll(database, sql: "SELECT * FROM popCounter").map {
                    ($0["popID"] as Int, Self.sample($0))
                }
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
            clockSkew: row["clockSkew"],
            generation: row["generation"],
            digest: row["digest"],
            online: row["online"],
            active: row["active"],
            configured: row["configured"],
            errors: row["errors"],
            rxPackets: row["rxPackets"],
            rxBytes: row["rxBytes"],
            txPackets: row["txPackets"],
            txBytes: row["txBytes"]
        )
    }
}
