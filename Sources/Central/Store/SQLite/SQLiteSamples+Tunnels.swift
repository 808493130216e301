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
        let bounds: StatementArguments = [
            "seconds": step.rawValue, "start": step.start(of: since).milliseconds, "now": now.milliseconds,
        ]
        return try await self.readingSamples { database in
            let last = try database.cachedStatement(sql: Self.endOfTraffic("time <= :now ORDER BY time DESC"))
            let before = try database.cachedStatement(
                sql: Self.endOfTraffic("time < :start ORDER BY time DESC")
            )
            let first = try database.cachedStatement(sql: Self.endOfTraffic("time >= :start ORDER BY time"))
            var traffic: [TunnelNumber: TunnelTraffic] = [:]
            let tunnels = try Int64.fetchCursor(database, sql: "SELECT tunnel FROM tunnelCounter")
            while let tunnel = try tunnels.next() {
                let arguments = bounds + ["tunnel": tunnel]
                guard let number = TunnelNumber(stored: tunnel),
                    let end = try Row.fetchOne(last, arguments: arguments),
                    let start = try Row.fetchOne(before, arguments: arguments)
                        ?? Row.fetchOne(first, arguments: arguments)
                else { continue }
                traffic[number] = TunnelTraffic(from: start, to: end)
            }
            return traffic
        }
    }

    /// Finds a step by where it lies; takes all arguments, so that every statement can be given the same.
    private static func endOfTraffic(_ place: String) -> String {
        """
        SELECT inBytes, outBytes FROM tunnelStep WHERE seconds = :seconds AND tunnel = :tunnel
            AND :start <= :now AND \(place) LIMIT 1
        """
    }
}

extension TunnelTraffic {
    /// What passed between two steps; nil for those that hold what cannot be.
    fileprivate init?(from start: Row, to end: Row) {
        guard let inBefore = start.tally("inBytes"), let outBefore = start.tally("outBytes"),
            let inAfter = end.tally("inBytes"), let outAfter = end.tally("outBytes")
        else { return nil }
        self.init(
            fromUser: inAfter.growth(since: inBefore),
            toUser: outAfter.growth(since: outBefore)
        )
    }
}
