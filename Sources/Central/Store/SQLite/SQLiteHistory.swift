internal import Foundation
internal import GRDB
internal import Wire

/// What happened, for those who ask afterwards.
struct SQLiteHistory: HistoryStore {
    let store: SQLiteStore

    /// The changes of all subjects, or of those that are named: `tunnel T12`, or `T12` alone.
    func audit(of subjects: [String], _ window: HistoryWindow) async throws -> [AuditEntry] {
        let names = subjects.map { _ in "(subject = ? OR subject LIKE '% ' || ? ESCAPE '\\')" }
        let filter = names.isEmpty ? "TRUE" : "(\(names.joined(separator: " OR ")))"
        let sql = """
            SELECT * FROM audit WHERE \(filter) AND time >= ? ORDER BY revision DESC LIMIT \(window.limit(20))
            """
        let words = subjects.flatMap { [$0, Self.escapedForLike($0)] }
        let arguments = StatementArguments(words) + [window.since?.milliseconds ?? 0]
        return try await self.store.reading { database in
            try Row.fetchAll(database, sql: sql, arguments: arguments).reversed().map(Self.auditEntry)
        }
    }

    func changes(of subject: String, upTo revision: Int64) async throws -> [AuditEntry] {
        try await self.store.reading { database in
            let sql = "SELECT * FROM audit WHERE subject = ? AND revision <= ? ORDER BY revision"
            return try Row.fetchAll(database, sql: sql, arguments: [subject, revision]).map(Self.auditEntry)
        }
    }

    func revision(at time: Date) async throws -> Int64? {
        try await self.store.reading { database in
            // What was written last before the time, whatever the clock said of what came before that.
            let sql = "SELECT max(revision) FROM audit WHERE time <= ?"
            return try Int64.fetchOne(database, sql: sql, arguments: [time.milliseconds])
        }
    }

    func historyStart() async throws -> Date? {
        try await self.store.reading { database in
            try Int64.fetchOne(database, sql: "SELECT time FROM audit ORDER BY revision LIMIT 1").map(
                Date.init(milliseconds:)
            )
        }
    }

    private static func escapedForLike(_ text: String) -> String {
        ["\\", "%", "_"].reduce(text) { $0.replacingOccurrences(of: $1, with: "\\\($1)") }
    }

    static func auditEntry(_ row: Row) -> AuditEntry {
        AuditEntry(
            revision: row["revision"],
            time: Date(milliseconds: row["time"]),
            author: row["author"],
            action: row["action"],
            subject: row["subject"],
            before: row["before"],
            after: row["after"]
        )
    }

    /// The events of everything, or of those PoPs and tunnels.
    func events(
        of popIDs: [Int],
        and tunnels: [TunnelNumber],
        _ window: HistoryWindow
    ) async throws -> [NumberedEvent] {
        let isAll = popIDs.isEmpty && tunnels.isEmpty
        let filter =
            isAll
            ? "TRUE"
            : "(popID IN (\(databaseQuestionMarks(count: popIDs.count))) "
                + "OR tunnel IN (\(databaseQuestionMarks(count: tunnels.count))))"
        let sql =
            "SELECT * FROM event WHERE \(filter) AND time >= ? ORDER BY id DESC LIMIT \(window.limit(50))"
        let arguments =
            StatementArguments(popIDs) + StatementArguments(tunnels.map { Int64($0.rawValue) })
            + [window.since?.milliseconds ?? 0]
        return try await self.store.reading { database in
            try Row.fetchAll(database, sql: sql, arguments: arguments).reversed().compactMap(
                Self.numberedEvent
            )
        }
    }

    func events(after number: Int64, limit: Int) async throws -> [NumberedEvent] {
        try await self.store.reading { database in
            let sql = "SELECT * FROM event WHERE id > ? ORDER BY id LIMIT ?"
            return try Row.fetchAll(database, sql: sql, arguments: [number, limit]).compactMap(
                Self.numberedEvent
            )
        }
    }

    func newestEvent() async throws -> Int64 {
        try await self.store.reading { database in
            try Int64.fetchOne(database, sql: "SELECT max(id) FROM event") ?? 0
        }
    }

    private static func numberedEvent(_ row: Row) -> NumberedEvent? {
        Self.event(row).map { NumberedEvent(number: row["id"], event: $0) }
    }

    func latestTurns(of tunnels: [TunnelNumber]) async throws -> [TunnelNumber: FleetEvent] {
        let sql = """
            SELECT * FROM event WHERE tunnel = ? AND kind IN ('tunnel up', 'tunnel down') ORDER BY id DESC LIMIT 1
            """
        return try await self.store.reading { database in
            let statement = try database.cachedStatement(sql: sql)
            return try tunnels.reduce(into: [:]) { turns, tunnel in
                let row = try Row.fetchOne(statement, arguments: [Int64(tunnel.rawValue)])
                turns[tunnel] = row.flatMap(Self.event)
            }
        }
    }

    /// The pushes and polls of all PoPs, or of some; of both kinds unless one is named.
    ///
    /// In the order in which they were written, whatever the clock said.
    func contacts(
        of popIDs: [Int],
        _ window: HistoryWindow,
        only kind: Contact.Kind?
    ) async throws -> [Contact] {
        let filter = popIDs.isEmpty ? "TRUE" : "popID IN (\(databaseQuestionMarks(count: popIDs.count)))"
        let part = "WHERE \(filter) AND started >= ?"
        let sql = """
            SELECT * FROM (
                SELECT 'push' AS kind, id AS visit, popID, started, duration, outcome, generation, detail FROM push \(part)
                UNION ALL
                SELECT 'poll', visit, popID, started, duration, iif(error IS NULL, 'reached', 'failed'), NULL,
                    coalesce(error, '') FROM poll \(part)
            ) WHERE kind = coalesce(?, kind) ORDER BY visit DESC, kind, started DESC LIMIT \(window.limit(50))
            """
        let once = StatementArguments(popIDs) + [window.since?.milliseconds ?? 0]
        return try await self.store.reading { database in
            try Row.fetchAll(database, sql: sql, arguments: once + once + [kind?.rawValue]).reversed().map {
                row in
                Contact(
                    kind: row["kind"] == "push" ? .push : .poll,
                    popID: row["popID"],
                    started: Date(milliseconds: row["started"]),
                    duration: .milliseconds(row["duration"] as Int64),
                    outcome: row["outcome"],
                    generation: row["generation"],
                    detail: row["detail"]
                )
            }
        }
    }

    /// The generations of a PoP without their texts, the newest first.
    func generationSummaries(of popID: Int, limit: Int) async throws -> [GenerationSummary] {
        let sql = """
            SELECT number, digest, created, author, reason, confirmed FROM generation
            WHERE popID = ? ORDER BY number DESC LIMIT ?
            """
        return try await self.store.reading { database in
            try Row.fetchAll(database, sql: sql, arguments: [popID, limit]).map { row in
                GenerationSummary(
                    number: row["number"],
                    digest: row["digest"],
                    created: Date(milliseconds: row["created"]),
                    author: row["author"],
                    reason: row["reason"],
                    confirmed: (row["confirmed"] as Int64?).map(Date.init(milliseconds:))
                )
            }
        }
    }

    func events(limit: Int) async throws -> [FleetEvent] {
        try await self.store.reading { database in
            let sql = "SELECT * FROM event ORDER BY id DESC LIMIT ?"
            return try Row.fetchAll(database, sql: sql, arguments: [limit]).compactMap(Self.event)
        }
    }

    /// Nil for a kind that a later version of the program knows.
    static func event(_ row: Row) -> FleetEvent? {
        FleetEvent.Kind(rawValue: row["kind"]).map { kind in
            FleetEvent(
                time: Date(milliseconds: row["time"]),
                popID: row["popID"],
                tunnel: (row["tunnel"] as Int64?).flatMap(UInt32.init(exactly:)).flatMap(
                    TunnelNumber.init(rawValue:)
                ),
                kind: kind,
                detail: row["detail"]
            )
        }
    }
}
