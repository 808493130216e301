internal import Foundation
internal import GRDB
internal import Wire

/// What users' routers said of where their tunnels end, in the registry's file.
struct SQLiteEndpoints: EndpointStore {
    let store: SQLiteStore

    func requests(of tunnel: TunnelNumber) async throws -> [EndpointRequest] {
        let start = self.oldest
        return try await self.store.reading { database in
            try SQLiteEndpointRows(database: database).requests(of: tunnel, since: start)
        }
    }

    func firstChanges(after time: Date) async throws -> [EndpointRequest] {
        try await self.store.reading { database in
            let sql = """
                SELECT * FROM endpointRequest WHERE number IN
                    (SELECT min(number) FROM endpointRequest WHERE state = 'applied' AND time > ? GROUP BY tunnel)
                """
            return try Row.fetchAll(database, sql: sql, arguments: [time.milliseconds]).compactMap { row in
                try TunnelNumber(stored: row["tunnel"]).map { try EndpointRequest(row, of: $0) }
            }
        }
    }

    /// What is older is as good as forgotten.
    private var oldest: Date { self.store.now().addingTimeInterval(-EndpointPace.keptFor) }

    func forgetOldRequests() async throws {
        let start = self.oldest
        try await self.store.writing { try SQLiteEndpointRows(database: $0).forget(before: start) }
    }

    func popsWithChanges(after number: Int64) async throws -> (popIDs: Set<Int>, newest: Int64) {
        try await self.store.reading { database in
            let newest = try Int64.fetchOne(database, sql: "SELECT max(number) FROM endpointRequest") ?? 0
            let sql = "SELECT DISTINCT popID FROM endpointRequest WHERE number > ? AND state = 'applied'"
            return (Set(try Int.fetchAll(database, sql: sql, arguments: [number])), newest)
        }
    }

    func popsWithChanges(since time: Date) async throws -> Set<Int> {
        try await self.store.reading { database in
            let sql = "SELECT DISTINCT popID FROM endpointRequest WHERE time >= ? AND state = 'applied'"
            return Set(try Int.fetchAll(database, sql: sql, arguments: [time.milliseconds]))
        }
    }

    func changedTunnels(ofPoP popID: Int) async throws -> Set<TunnelNumber> {
        let start = self.oldest.milliseconds
        return try await self.store.reading { database in
            let sql = """
                SELECT DISTINCT tunnel FROM endpointRequest WHERE popID = ? AND state = 'applied' AND time >= ?
                """
            let numbers = try Int64.fetchAll(database, sql: sql, arguments: [popID, start])
            return Set(numbers.compactMap(TunnelNumber.init(stored:)))
        }
    }

    func tunnelsThatWait() async throws -> [TunnelNumber] {
        let pace = EndpointPace.short
        let start = self.store.now().addingTimeInterval(-pace.span).milliseconds
        // Due when the last but so many changes lies outside of the span.
        let sql = """
            SELECT tunnel FROM endpointRequest AS waiting WHERE state = 'deferred' AND coalesce(
                (SELECT time FROM endpointRequest WHERE tunnel = waiting.tunnel AND state = 'applied'
                    ORDER BY number DESC LIMIT 1 OFFSET :others) <= :start, TRUE)
            ORDER BY tunnel
            """
        return try await self.store.reading { database in
            try Int64.fetchAll(database, sql: sql, arguments: ["others": pace.most - 1, "start": start])
                .compactMap(TunnelNumber.init(stored:))
        }
    }

    func patchedStates(of popID: Int, on generation: Int) async throws -> [PatchedState] {
        try await self.store.reading { database in
            let sql = "SELECT digest, patch FROM patchedState WHERE popID = ? AND generation = ? ORDER BY id"
            return try Row.fetchAll(database, sql: sql, arguments: [popID, generation]).map { row in
                PatchedState(
                    popID: popID,
                    generation: generation,
                    digest: row["digest"],
                    patch: row["patch"]
                )
            }
        }
    }

    /// How many are kept for a PoP: what a daemon was told last, and what it ran before if it did not hear that.
    private static let mostStates = 4

    func keep(_ state: PatchedState, beside running: String?) async throws {
        try await self.store.writing { database in
            try database.execute(
                sql: """
                    INSERT OR REPLACE INTO patchedState (popID, generation, digest, patch) VALUES (?, ?, ?, ?)
                    """,
                arguments: [state.popID, state.generation, state.digest, state.patch]
            )
            try database.execute(
                sql: """
                    DELETE FROM patchedState WHERE popID = :popID AND digest IS NOT :running AND id NOT IN
                        (SELECT id FROM patchedState WHERE popID = :popID ORDER BY id DESC LIMIT :most)
                    """,
                arguments: ["popID": state.popID, "running": running, "most": Self.mostStates]
            )
        }
    }
}

/// Rows of `endpointRequest`.
struct SQLiteEndpointRows: EndpointRows {
    let database: Database

    func requests(of tunnel: TunnelNumber, since time: Date) throws -> [EndpointRequest] {
        let sql = """
            SELECT * FROM endpointRequest WHERE tunnel = ? AND (time >= ? OR state = 'deferred')
            ORDER BY number DESC
            """
        let arguments: StatementArguments = [Int64(tunnel.rawValue), time.milliseconds]
        return try Row.fetchAll(self.database, sql: sql, arguments: arguments).map {
            try EndpointRequest($0, of: tunnel)
        }
    }

    func insert(_ request: EndpointRequest) throws {
        try self.database.execute(
            sql: """
                INSERT INTO endpointRequest (tunnel, popID, time, old, new, client, state) VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                Int64(request.tunnel.rawValue), request.popID, request.time.milliseconds,
                request.old.description, request.new.description, request.client?.description,
                request.state.rawValue,
            ]
        )
    }

    func supersede(of tunnel: TunnelNumber) throws {
        try self.database.execute(
            sql: "UPDATE endpointRequest SET state = 'superseded' WHERE tunnel = ? AND state = 'deferred'",
            arguments: [Int64(tunnel.rawValue)]
        )
    }

    func removeWaiting(of tunnel: TunnelNumber) throws {
        try self.database.execute(
            sql: "DELETE FROM endpointRequest WHERE tunnel = ? AND state = 'deferred'",
            arguments: [Int64(tunnel.rawValue)]
        )
    }

    /// A hundred at a time: a clock that is ahead must not erase the past at once, nor a request wait for it.
    func forget(before time: Date) throws {
        try self.database.execute(
            sql: """
                DELETE FROM endpointRequest WHERE number IN
                    (SELECT number FROM endpointRequest WHERE time < ? ORDER BY time LIMIT 100)
                """,
            arguments: [time.milliseconds]
        )
    }
}

extension EndpointRequest {
    /// - Throws: ``RegistryError/unusable(_:)`` for a row that is none of ours.
    fileprivate init(_ row: Row, of tunnel: TunnelNumber) throws {
        guard let state = State(rawValue: row["state"]) else {
            throw RegistryError.unusable("the database holds an endpoint request of an unknown state")
        }
        self.init(
            number: row["number"],
            tunnel: tunnel,
            popID: row["popID"],
            time: Date(milliseconds: row["time"]),
            old: try row.parsed("old") { try IPAddress(parsing: $0) },
            new: try row.parsed("new") { try IPAddress(parsing: $0) },
            client: (row["client"] as String?).flatMap { try? IPAddress(parsing: $0) },
            state: state
        )
    }
}
