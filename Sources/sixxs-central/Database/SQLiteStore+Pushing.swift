internal import Foundation
internal import GRDB

extension SQLiteStore {
    func generation(of rendering: Rendering, author: String, reason: String) async throws -> Generation {
        let time = self.now()
        return try await self.writing { database in
            let sql = "SELECT * FROM generation WHERE popID = ? ORDER BY number DESC LIMIT 1"
            let latest = try Row.fetchOne(database, sql: sql, arguments: [rendering.popID]).map(
                Self.generation
            )
            if let latest, latest.digest == rendering.digest { return latest }
            let next = Generation(
                popID: rendering.popID,
                number: (latest?.number ?? 0) + 1,
                digest: rendering.digest,
                text: rendering.text,
                created: time,
                author: author,
                reason: reason
            )
            try database.execute(
                sql: "INSERT INTO generation VALUES (?, ?, ?, ?, ?, ?, ?)",
                arguments: [
                    next.popID, next.number, next.digest, next.text, time.milliseconds, next.author,
                    next.reason,
                ]
            )
            return next
        }
    }

    func latestGenerationNumbers() async throws -> [Int: Int] {
        let sql = "SELECT popID, max(number) AS number FROM generation GROUP BY popID"
        return try await self.reading { database in
            let numbers = try Row.fetchAll(database, sql: sql).map {
                ($0["popID"] as Int, $0["number"] as Int)
            }
            return Dictionary(uniqueKeysWithValues: numbers)
        }
    }

    private static func generation(_ row: Row) -> Generation {
        Generation(
            popID: row["popID"],
            number: row["number"],
            digest: row["digest"],
            text: row["text"],
            created: Date(milliseconds: row["created"]),
            author: row["author"],
            reason: row["reason"]
        )
    }

    func record(_ attempt: PushAttempt) async throws {
        try await self.writing { database in
            try database.execute(
                sql:
                    "INSERT INTO push (popID, generation, started, duration, outcome, detail) VALUES (?, ?, ?, ?, ?, ?)",
                arguments: [
                    attempt.popID, attempt.generation, attempt.started.milliseconds,
                    attempt.duration.milliseconds, attempt.outcome.rawValue, attempt.detail,
                ]
            )
        }
    }

    func pushHistories() async throws -> [Int: PushHistory] {
        let sql = """
            SELECT push.*, generation.digest FROM push
            LEFT JOIN generation ON generation.popID = push.popID AND generation.number = push.generation
            WHERE push.id IN (SELECT max(id) FROM push GROUP BY popID)
                OR push.id IN (SELECT max(id) FROM push WHERE outcome <> 'failed' GROUP BY popID)
            ORDER BY push.id
            """
        let attempts = try await self.reading { database in
            try Row.fetchAll(database, sql: sql).map { row in
                (attempt: try Self.attempt(row), digest: row["digest"] as String?)
            }
        }
        return attempts.reduce(into: [:]) { histories, item in
            let before = histories[item.attempt.popID]
            let succeeded = item.attempt.outcome != .failed
            histories[item.attempt.popID] = PushHistory(
                last: item.attempt,
                lastSuccess: succeeded ? item.attempt : before?.lastSuccess,
                confirmedDigest: succeeded ? item.digest : before?.confirmedDigest
            )
        }
    }

    private static func attempt(_ row: Row) throws -> PushAttempt {
        guard let outcome = PushOutcome(rawValue: row["outcome"]) else {
            throw RegistryError.unusable("the database holds a push with an unknown outcome")
        }
        return PushAttempt(
            popID: row["popID"],
            generation: row["generation"],
            started: Date(milliseconds: row["started"]),
            duration: .milliseconds(row["duration"] as Int64),
            outcome: outcome,
            detail: row["detail"]
        )
    }

    func record(_ events: [FleetEvent]) async throws {
        guard !events.isEmpty else { return }
        try await self.writing { database in
            for event in events {
                try database.execute(
                    sql: "INSERT INTO event (time, popID, kind, detail) VALUES (?, ?, ?, ?)",
                    arguments: [event.time.milliseconds, event.popID, event.kind.rawValue, event.detail]
                )
            }
        }
    }

    func events(limit: Int) async throws -> [FleetEvent] {
        try await self.reading { database in
            let sql = "SELECT * FROM event ORDER BY id DESC LIMIT ?"
            return try Row.fetchAll(database, sql: sql, arguments: [limit]).compactMap { row in
                FleetEvent.Kind(rawValue: row["kind"]).map { kind in
                    FleetEvent(
                        time: Date(milliseconds: row["time"]),
                        popID: row["popID"],
                        kind: kind,
                        detail: row["detail"]
                    )
                }
            }
        }
    }
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var milliseconds: Int64 {
        self.components.seconds * 1000 + self.components.attoseconds / 1_000_000_000_000_000
    }
}
