internal import Foundation
internal import GRDB
internal import Wire

/// What daemons reported, in a file of its own.
struct SQLiteSamples: SampleStore {
    let store: SQLiteStore

    func record(_ report: ReceivedReport, of popID: Int, at time: Date) async throws -> [FleetEvent] {
        try await self.checkLeases()
        let skew = report.skew(from: Int64(saturating: self.store.now().timeIntervalSince1970))
        return try await SQLiteStore.translating {
            try await self.store.sampleFile.write { database in
                try SampleWriter(database, popID: popID, time: time).write(report, clockSkew: skew)
            }
        }
    }

    func record(doubts: String, of popID: Int, at time: Date) async throws {
        try await self.checkLeases()
        let counters = SamplesSchema.popCounters.flatMap { [$0, "\($0)Offset"] }
        try await SQLiteStore.translating {
            try await self.store.sampleFile.write { database in
                try database.execute(
                    sql: """
                        INSERT INTO popCounter (popID, time, instance, version, errors, doubts, \(counters.joined(separator: ", ")))
                        VALUES (?, ?, '', '', 0, ?, \(counters.map { _ in "0" }.joined(separator: ", ")))
                        ON CONFLICT (popID) DO UPDATE SET doubts = excluded.doubts
                        """,
                    arguments: [popID, time.milliseconds, doubts]
                )
            }
        }
    }

    /// The leases are in the other file: who lost one in this instant writes what its PoP said, once.
    private func checkLeases() async throws {
        let fences = LeaseFence.held
        try await self.store.reading { try LeaseFence.check(fences, in: $0) }
    }

    /// The newest sample of every PoP that has one, by PoP id.
    func latestSamples() async throws -> [Int: PoPSample] {
        let samples = try await SQLiteStore.translating {
            try await self.store.sampleFile.read { database in
                try Row.fetchAll(database, sql: "SELECT * FROM popCounter").map {
                    ($0["popID"] as Int, Self.sample($0))
                }
            }
        }
        return Dictionary(uniqueKeysWithValues: samples)
    }

    /// How many tunnels that nobody has are forgotten at once, so that others can write between.
    private static let strangersAtOnce = 200

    /// Removes where tunnels ended that are gone, a few rows at a time.
    ///
    /// They stay for as long as those of others: complaints come late.
    private static func forgetOldEndpoints(before now: Date, in database: Database) throws {
        let limit = now.addingTimeInterval(-EndpointWriter.keptFor).milliseconds
        try database.execute(
            sql: """
                DELETE FROM tunnelEndpoint WHERE id IN (SELECT id FROM tunnelEndpoint WHERE time < ?
                    AND tunnel NOT IN (SELECT tunnel FROM tunnelCounter) LIMIT 100)
                """,
            arguments: [limit]
        )
    }

    func forgetStrangers() async throws -> Int {
        let now = self.store.now()
        let owned = try await self.store.reading {
            try Set(Int64.fetchAll($0, sql: "SELECT number FROM tunnel"))
        }
        return try await SQLiteStore.translating {
            try await self.store.sampleFile.write { database in
                let known = try Int64.fetchCursor(database, sql: "SELECT tunnel FROM tunnelCounter")
                var strangers: [Int64] = []
                while strangers.count < Self.strangersAtOnce, let tunnel = try known.next() {
                    if !owned.contains(tunnel) { strangers.append(tunnel) }
                }
                for tunnel in strangers { try Self.forget(tunnel, in: database) }
                try Self.forgetOldEndpoints(before: now, in: database)
                return strangers.count
            }
        }
    }

    private static func forget(_ tunnel: Int64, in database: Database) throws {
        for step in SampleStep.allCases {
            try database.cachedStatement(sql: StepQuery.forgetting).execute(arguments: [
                "step": step.code, "tunnel": tunnel,
            ])
        }
        try database.cachedStatement(sql: "DELETE FROM tunnelCounter WHERE tunnel = ?").execute(arguments: [
            tunnel
        ])
    }

    private static func sample(_ row: Row) -> PoPSample {
        PoPSample(
            time: Date(milliseconds: row["time"]),
            instance: row.word("instance"),
            version: row.word("version"),
            uptime: row.number("uptime", in: 0...SamplesSchema.century),
            clockSkew: row.number("clockSkew", in: -SamplesSchema.century...SamplesSchema.century),
            generation: row.number("generation", in: 0...Int64(Int32.max)),
            digest: row["digest"],
            online: row.number("online", in: SamplesSchema.tunnels),
            active: row.number("active", in: SamplesSchema.tunnels),
            configured: row.number("configured", in: SamplesSchema.tunnels),
            errors: row.tally("errors"),
            rxPackets: row.tally("rxPackets"),
            rxBytes: row.tally("rxBytes"),
            txPackets: row.tally("txPackets"),
            txBytes: row.tally("txBytes"),
            mended: row.tally("mended"),
            faults: (row["faults"] as String?)?.split(separator: "\n").map(String.init) ?? [],
            doubts: row["doubts"]
        )
    }
}
