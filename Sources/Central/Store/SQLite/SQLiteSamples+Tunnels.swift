internal import Foundation
internal import GRDB
internal import Wire

// How tunnels were when their PoPs last reported.
extension SQLiteSamples {
    func tunnelSamples() async throws -> [TunnelNumber: TunnelSample] {
        try await self.readingSamples { database in
            var samples: [TunnelNumber: TunnelSample] = [:]
            let rows = try Row.fetchCursor(
                database,
                sql: "SELECT tunnel, popID, time, state FROM tunnelCounter"
            )
            while let row = try rows.next() {
                guard let number = TunnelNumber(stored: row["tunnel"]) else { continue }
                samples[number] = TunnelSample(
                    popID: row["popID"],
                    time: Date(milliseconds: row["time"]),
                    state: ReceivedReport.State(rawValue: row["state"])
                )
            }
            return samples
        }
    }

    func lastUp(of tunnels: [TunnelNumber]) async throws -> [TunnelNumber: Date] {
        let now = self.store.now().milliseconds
        return try await self.readingSamples { database in
            var times: [TunnelNumber: Date] = [:]
            let sql = """
                SELECT max(time) FROM tunnelStep WHERE seconds = ? AND tunnel = ? AND reportsUp > 0 AND time <= ?
                """
            let statement = try database.cachedStatement(sql: sql)
            for tunnel in tunnels {
                // The finest steps are the newest: the first that know it know it best.
                for step in SampleStep.allCases where times[tunnel] == nil {
                    let arguments: StatementArguments = [step.rawValue, Int64(tunnel.rawValue), now]
                    times[tunnel] = try Int64.fetchOne(statement, arguments: arguments).map(
                        Date.init(milliseconds:)
                    )
                }
            }
            return times
        }
    }

    /// Reads from the samples.
    ///
    /// - Throws: ``RegistryError`` in the place of what SQLite says.
    func readingSamples<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await SQLiteStore.translating { try await self.store.sampleFile.read(body) }
    }
}

extension TunnelNumber {
    /// From a database column; nil for what is no tunnel's.
    init?(stored number: Int64) {
        guard let number = UInt32(exactly: number) else { return nil }
        self.init(rawValue: number)
    }
}

// Where tunnels ended.
extension SQLiteSamples {
    func endpointSpans(at address: IPAddress, _ time: Date) async throws -> [EndpointSpan] {
        let sql = """
            SELECT tunnel, time, until FROM (
                SELECT id, tunnel, time, (SELECT later.time FROM tunnelEndpoint AS later
                    WHERE later.tunnel = here.tunnel AND later.id > here.id ORDER BY later.id LIMIT 1) AS until
                FROM tunnelEndpoint AS here WHERE address = :address AND time <= :time)
            WHERE until IS NULL OR until > :time ORDER BY tunnel, id
            """
        let arguments: StatementArguments = ["address": address.description, "time": time.milliseconds]
        return try await self.readingSamples { database in
            try Row.fetchAll(database, sql: sql, arguments: arguments).compactMap { row in
                TunnelNumber(stored: row["tunnel"]).map { number in
                    EndpointSpan(
                        tunnel: number,
                        since: Date(milliseconds: row["time"]),
                        until: (row["until"] as Int64?).map(Date.init(milliseconds:))
                    )
                }
            }
        }
    }

    func endpointsKnownSince() async throws -> Date? {
        try await self.readingSamples { database in
            try Int64.fetchOne(database, sql: "SELECT min(time) FROM tunnelEndpoint").map(
                Date.init(milliseconds:)
            )
        }
    }
}

// What tunnels moved.
extension SQLiteSamples {
    func tunnelTraffic(since: Date) async throws -> [TunnelNumber: TunnelTraffic] {
        let now = self.store.now()
        let step = SampleStep(reachingBack: since, from: now)
        let arguments: StatementArguments = [
            "seconds": step.rawValue, "start": step.start(of: since).milliseconds, "now": now.milliseconds,
        ]
        return try await self.readingSamples { database in
            var traffic: [TunnelNumber: TunnelTraffic] = [:]
            let rows = try Row.fetchCursor(database, sql: Self.ends, arguments: arguments)
            while let row = try rows.next() {
                guard let number = TunnelNumber(stored: row["tunnel"]) else { continue }
                traffic[number] = TunnelTraffic(row)
            }
            return traffic
        }
    }

    /// The newest step of every tunnel, beside the one that it has grown from: the last before the time, or the first there is.
    ///
    /// `CROSS JOIN` keeps the order: for each tunnel two steps are looked up, not all steps gone through.
    private static let ends = """
        SELECT counter.tunnel, newest.inBytes AS inAfter, newest.outBytes AS outAfter, oldest.inBytes AS inBefore,
            oldest.outBytes AS outBefore
        FROM tunnelCounter AS counter
        CROSS JOIN tunnelStep AS newest ON newest.seconds = :seconds AND newest.tunnel = counter.tunnel AND newest.time =
            (SELECT max(time) FROM tunnelStep
                WHERE seconds = :seconds AND tunnel = counter.tunnel AND time BETWEEN :start AND :now)
        CROSS JOIN tunnelStep AS oldest ON oldest.seconds = :seconds AND oldest.tunnel = counter.tunnel AND oldest.time =
            coalesce(
                (SELECT max(time) FROM tunnelStep
                    WHERE seconds = :seconds AND tunnel = counter.tunnel AND time < :start),
                (SELECT min(time) FROM tunnelStep
                    WHERE seconds = :seconds AND tunnel = counter.tunnel AND time >= :start))
        """
}

extension TunnelTraffic {
    /// What passed between two steps; nil for those that hold what cannot be.
    fileprivate init?(_ row: Row) {
        guard let inBefore = row.tally("inBefore"), let outBefore = row.tally("outBefore"),
            let inAfter = row.tally("inAfter"), let outAfter = row.tally("outAfter")
        else { return nil }
        self.init(
            fromUser: inAfter.growth(since: inBefore),
            toUser: outAfter.growth(since: outBefore)
        )
    }
}
