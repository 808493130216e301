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
            let statement = try RepeatedStatement(
                database,
                "SELECT lastUp FROM tunnelCounter WHERE tunnel = ? AND lastUp <= ?"
            )
            try statement.bind(now, at: 2)
            for tunnel in tunnels {
                try statement.bind(Int64(tunnel.rawValue), at: 1)
                while try statement.next() {
                    times[tunnel] = statement.integer(0).map(Date.init(milliseconds:))
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

    func endpoints(of tunnels: [TunnelNumber]) async throws -> [TunnelNumber: IPAddress] {
        try await self.readingSamples { database in
            let sql = "SELECT address FROM tunnelEndpoint WHERE tunnel = ? ORDER BY id DESC LIMIT 1"
            let statement = try database.cachedStatement(sql: sql)
            var found: [TunnelNumber: IPAddress] = [:]
            for tunnel in tunnels {
                let text = try String?.fetchOne(statement, arguments: [Int64(tunnel.rawValue)])
                found[tunnel] = text?.flatMap { try? IPAddress(parsing: $0) }
            }
            return found
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
        let ranges = SampleStep.covering(since, until: now)
        let start = SampleStep(reachingBack: since, from: now).start(of: since)
        return try await self.readingSamples { database in
            var traffic: [TunnelNumber: TunnelTraffic] = [:]
            let rows = try RepeatedStatement(database, Self.growth)
            for range in ranges {
                try rows.bind(range.step.code, at: 1)
                try rows.bind(range.numbers.lowerBound, at: 2)
                try rows.bind(range.numbers.upperBound, at: 3)
                while try rows.next() {
                    guard let number = rows.integer(0).flatMap(TunnelNumber.init(stored:)),
                        let growth = TunnelTraffic(rows, range.step, from: start)
                    else { continue }
                    traffic[number] = (traffic[number] ?? .none) + growth
                }
            }
            return traffic
        }
    }

    private static let growth = """
        SELECT tunnel, number, span, inBytes, outBytes FROM tunnelStep WHERE step = ? AND number BETWEEN ? AND ?
        """
}

extension TunnelTraffic {
    fileprivate static let none = TunnelTraffic(fromUser: .zero, toUser: .zero)

    fileprivate static func + (lhs: Self, rhs: Self) -> Self {
        TunnelTraffic(fromUser: lhs.fromUser + rhs.fromUser, toUser: lhs.toUser + rhs.toUser)
    }

    /// What of a step's growth came after a time, if it grew evenly; nil for a step that holds what cannot be.
    fileprivate init?(_ row: RepeatedStatement, _ step: SampleStep, from time: Date) {
        guard let number = row.integer(1), let span = row.integer(2),
            let fromUser = row.integer(3).flatMap(Tally.init),
            let toUser = row.integer(4).flatMap(Tally.init)
        else { return nil }
        // A step's counters are those of its end.
        let end = step.time(of: number).addingTimeInterval(Double(step.rawValue))
        let length = Double(span) * Double(step.rawValue)
        let share = length > 0 ? min(1, end.timeIntervalSince(time) / length) : 1
        self.init(
            fromUser: Tally.zero.grown(towards: fromUser, by: share),
            toUser: Tally.zero.grown(towards: toUser, by: share)
        )
    }
}
