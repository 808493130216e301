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
        let begin = step.start(of: since)
        let arguments: StatementArguments = [
            "seconds": step.rawValue, "start": begin.milliseconds, "now": now.milliseconds,
        ]
        // A step's counters are those of its end.
        let edge = begin.addingTimeInterval(-Double(step.rawValue))
        return try await self.readingSamples { database in
            var traffic: [TunnelNumber: TunnelTraffic] = [:]
            let rows = try Row.fetchCursor(database, sql: Self.ends, arguments: arguments)
            while let row = try rows.next() {
                guard let number = TunnelNumber(stored: row["tunnel"]) else { continue }
                traffic[number] = TunnelTraffic(row, from: edge)
            }
            return traffic
        }
    }

    /// The newest step of every tunnel, the first since the time, and the one that both have grown from: the last before the
    /// time, or the first there is.
    ///
    /// `CROSS JOIN` keeps the order: for each tunnel three steps are looked up, not all steps gone through.
    private static let ends = """
        SELECT counter.tunnel, newest.inBytes AS inAfter, newest.outBytes AS outAfter, oldest.inBytes AS inBefore,
            oldest.outBytes AS outBefore, oldest.time AS before, following.time AS next,
            following.inBytes AS inNext, following.outBytes AS outNext
        FROM tunnelCounter AS counter
        CROSS JOIN tunnelStep AS newest ON newest.seconds = :seconds AND newest.tunnel = counter.tunnel AND newest.time =
            (SELECT max(time) FROM tunnelStep
                WHERE seconds = :seconds AND tunnel = counter.tunnel AND time BETWEEN :start AND :now)
        CROSS JOIN tunnelStep AS following ON following.seconds = :seconds AND following.tunnel = counter.tunnel AND following.time =
            (SELECT min(time) FROM tunnelStep
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
    /// What passed from a time on until the newest step, where what grew between the steps around that time grew evenly; nil
    /// for steps that hold what cannot be.
    fileprivate init?(_ row: Row, from time: Date) {
        let (earlier, later) = (Date(milliseconds: row["before"]), Date(milliseconds: row["next"]))
        let isBetween = earlier < time && time < later
        let share = isBetween ? time.timeIntervalSince(earlier) / later.timeIntervalSince(earlier) : 0
        func growth(_ name: String) -> Tally? {
            guard let before = row.tally("\(name)Before"), let between = row.tally("\(name)Next"),
                let after = row.tally("\(name)After")
            else { return nil }
            return after.growth(since: before.grown(towards: between, by: share))
        }
        guard let fromUser = growth("in"), let toUser = growth("out") else { return nil }
        self.init(fromUser: fromUser, toUser: toUser)
    }
}
