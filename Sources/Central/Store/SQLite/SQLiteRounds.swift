internal import Foundation
internal import GRDB
internal import Wire

/// What rounds need, and leave behind, in the registry's file.
struct SQLiteRounds: RoundStore {
    let store: SQLiteStore

    func generation(of rendering: Rendering, author: String, reason: String) async throws -> Generation {
        let time = self.store.now()
        return try await self.store.writing { database in
            let sql = "SELECT * FROM generation WHERE popID = ? ORDER BY number DESC LIMIT 1"
            let latest = try Row.fetchOne(database, sql: sql, arguments: [rendering.popID]).map(
                Self.generation
            )
            if let latest, latest.digest == rendering.digest {
                try database.execute(
                    sql: "UPDATE generation SET revision = ? WHERE popID = ? AND number = ? AND revision < ?",
                    arguments: [rendering.revision, latest.popID, latest.number, rendering.revision]
                )
                return latest
            }
            let next = Generation(
                popID: rendering.popID,
                number: (latest?.number ?? 0) + 1,
                digest: rendering.digest,
                text: rendering.text,
                created: time,
                author: author,
                reason: reason,
                revision: rendering.revision
            )
            try Self.insert(next, in: database)
            return next
        }
    }

    private static func insert(_ generation: Generation, in database: Database) throws {
        try database.execute(
            sql: """
                INSERT INTO generation (popID, number, digest, text, created, author, reason, revision)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                generation.popID, generation.number, generation.digest, generation.text,
                generation.created.milliseconds, generation.author, generation.reason, generation.revision,
            ]
        )
    }

    func generation(_ number: Int, of popID: Int) async throws -> Generation {
        let sql = "SELECT * FROM generation WHERE popID = ? AND number = ?"
        let generation = try await self.store.reading {
            try Row.fetchOne($0, sql: sql, arguments: [popID, number]).map(Self.generation)
        }
        guard let generation else {
            throw RegistryError.notFound(
                "there is no generation \(number) of this PoP; sixxs-central history lists those there are"
            )
        }
        return generation
    }

    private static func generation(_ row: Row) -> Generation {
        Generation(
            popID: row["popID"],
            number: row["number"],
            digest: row["digest"],
            text: row["text"],
            created: Date(milliseconds: row["created"]),
            author: row["author"],
            reason: row["reason"],
            revision: row["revision"],
            confirmed: (row["confirmed"] as Int64?).map(Date.init(milliseconds:))
        )
    }

    func histories() async throws -> [Int: PoPHistory] {
        let samples = try await self.store.samples.latestSamples()
        return try await self.store.reading {
            try PoPHistoryReader($0, samples, self.store.generationLengths).histories
        }
    }

    func record(_ visit: VisitRecord) async throws {
        try await self.store.writing { database in
            try Self.insert(visit.attempt, in: database)
            let push = database.lastInsertedRowID
            if visit.isAsked {
                try Self.insertPoll(visit, with: push, in: database)
                try Self.store(visit.breaker, of: visit.attempt.popID, in: database)
            }
            try Self.insert(visit.events, in: database)
            try Self.forget(
                before: visit.attempt.started.addingTimeInterval(-Self.keptFor),
                visit.attempt,
                in: database
            )
        }
    }

    /// How long attempts are kept that changed nothing, in seconds: six weeks.
    private static let keptFor: TimeInterval = 6 * 7 * 86400

    /// Removes what nobody asks for any more; what was applied stays, as do the generations.
    ///
    /// No more than was written: a clock that is ahead, which nothing else confirms, must not erase the past at once.
    private static func forget(before limit: Date, _ newest: PushAttempt, in database: Database) throws {
        for sql in [
            """
            DELETE FROM push WHERE id = (SELECT id FROM push WHERE popID = ? AND started < ? AND outcome <> 'applied'
                ORDER BY started LIMIT 1)
            """,
            "DELETE FROM poll WHERE id = (SELECT id FROM poll WHERE popID = ? AND started < ? ORDER BY started LIMIT 1)",
        ] {
            try database.execute(sql: sql, arguments: [newest.popID, limit.milliseconds])
        }
    }

    private static func insert(_ attempt: PushAttempt, in database: Database) throws {
        try database.execute(
            sql:
                "INSERT INTO push (popID, generation, started, duration, outcome, detail) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [
                attempt.popID, attempt.generation, attempt.started.milliseconds,
                attempt.duration.milliseconds, attempt.outcome.rawValue, attempt.detail,
            ]
        )
        guard attempt.outcome.isSuccess else { return }
        try database.execute(
            sql: "UPDATE generation SET confirmed = ? WHERE popID = ? AND number = ?",
            arguments: [attempt.started.milliseconds, attempt.popID, attempt.generation]
        )
    }

    private static func insertPoll(
        _ visit: VisitRecord,
        with push: Int64,
        in database: Database
    ) throws {
        let attempt = visit.attempt
        try database.execute(
            sql: "INSERT INTO poll (popID, started, duration, error, visit) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                attempt.popID, attempt.started.milliseconds, attempt.duration.milliseconds,
                visit.breaker?.reason, push,
            ]
        )
    }

    private static func store(_ breaker: CircuitBreaker?, of popID: Int, in database: Database) throws {
        guard let breaker else {
            return try database.execute(sql: "DELETE FROM circuit WHERE popID = ?", arguments: [popID])
        }
        try database.execute(
            sql:
                "INSERT OR REPLACE INTO circuit (popID, failures, since, retryAt, reason) VALUES (?, ?, ?, ?, ?)",
            arguments: [
                popID, breaker.failures, breaker.since.milliseconds, breaker.retryAt.milliseconds,
                breaker.reason,
            ]
        )
    }
}

// MARK: - Events

extension SQLiteRounds {
    func record(_ events: [FleetEvent]) async throws {
        guard !events.isEmpty else { return }
        try await self.store.writing { database in
            try Self.insert(events, in: database)
            for (popID, events) in Dictionary(grouping: events.filter { $0.tunnel != nil }, by: \.popID) {
                try Self.forget(events, of: popID, in: database)
            }
        }
    }

    func told() async throws -> Int64? {
        try await self.store.reading { database in
            let sql = "SELECT value FROM setting WHERE name = 'told'"
            return try String.fetchOne(database, sql: sql).flatMap { Int64($0) }
        }
    }

    func setTold(_ number: Int64) async throws {
        try await self.store.writing { database in
            try database.execute(
                sql: "INSERT OR REPLACE INTO setting (name, value) VALUES ('told', ?)",
                arguments: ["\(number)"]
            )
        }
    }

    /// How many events of its tunnels are kept for a PoP: tunnels that a PoP says go up and down in every visit must not
    /// fill the disk.
    private static let mostEvents = 100_000

    /// Removes events of tunnels that nobody asks for any more, as many as came, and those that are too many.
    private static func forget(_ events: [FleetEvent], of popID: Int?, in database: Database) throws {
        guard let time = events.first?.time else { return }
        try database.execute(
            sql: """
                DELETE FROM event WHERE id IN (SELECT id FROM event WHERE popID = ? AND time < ? AND tunnel IS NOT NULL
                    ORDER BY time LIMIT ?)
                """,
            arguments: [popID, time.addingTimeInterval(-Self.keptFor).milliseconds, events.count]
        )
        try database.execute(
            sql: """
                DELETE FROM event WHERE id IN (SELECT id FROM event WHERE popID = ? AND tunnel IS NOT NULL ORDER BY id
                    LIMIT max(0, (SELECT count(*) FROM event WHERE popID = ? AND tunnel IS NOT NULL) - ?))
                """,
            arguments: [popID, popID, Self.mostEvents]
        )
    }

    func recordDaily(_ event: FleetEvent) async throws -> Bool {
        try await self.store.writing { database in
            let sql = "SELECT time FROM event WHERE popID = ? AND kind = ? ORDER BY id DESC LIMIT 1"
            let last = try Int64.fetchOne(database, sql: sql, arguments: [event.popID, event.kind.rawValue])
            let age = last.map { event.time.timeIntervalSince(Date(milliseconds: $0)) }
            // By a clock that was ahead: told again.
            if let age, (0..<86400).contains(age) { return false }
            try Self.insert([event], in: database)
            return true
        }
    }

    static func insert(_ events: [FleetEvent], in database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "INSERT INTO event (time, popID, tunnel, kind, detail) VALUES (?, ?, ?, ?, ?)"
        )
        for event in events {
            try statement.execute(arguments: [
                event.time.milliseconds, event.popID, event.tunnel.map { Int64($0.rawValue) },
                event.kind.rawValue, event.detail,
            ])
        }
    }
}
