internal import Foundation
internal import GRDB
internal import Wire

/// Who is let in at the pages, in the registry's file.
struct SQLiteAccounts: AccountStore {
    let store: SQLiteStore

    func user(_ handle: UserHandle) async throws -> User? {
        try await self.store.reading { try SQLiteUserRows(database: $0).user(handle) }
    }

    func link(_ token: SecretToken) async throws -> AccountLink? {
        let now = self.store.now()
        return try await self.store.reading { database in
            try SQLiteAccountRows(database: database).link(token).flatMap { $0.end > now ? $0 : nil }
        }
    }

    func replace(_ old: WebPasswordHash, with new: WebPasswordHash, of user: UserHandle) async throws {
        try await self.store.writing { database in
            try database.execute(
                sql: "UPDATE user SET webPassword = ? WHERE handle = ? AND webPassword = ?",
                arguments: [new.text, user.description, old.text]
            )
        }
    }

    func begin(_ session: NewWebSession) async throws -> Bool {
        let now = self.store.now()
        return try await self.store.writing { database in
            try Self.forget(before: now, in: database)
            try database.execute(
                sql: """
                    INSERT INTO webSession (token, user, begun, used, client) SELECT :token, handle, :now, :now, :client
                    FROM user WHERE handle = :user AND webPassword = :password AND suspension IS NULL
                    """,
                arguments: [
                    "token": session.token.hash, "user": session.user.description, "now": now.milliseconds,
                    "client": session.client?.description, "password": session.password.text,
                ]
            )
            guard database.changesCount == 1 else { return false }
            try database.execute(
                sql: """
                    DELETE FROM webSession WHERE user = :user AND token NOT IN
                        (SELECT token FROM webSession WHERE user = :user ORDER BY used DESC, begun DESC LIMIT :most)
                    """,
                arguments: ["user": session.user.description, "most": WebSession.most]
            )
            return true
        }
    }

    /// Forgets what is good no more.
    private static func forget(before now: Date, in database: Database) throws {
        try database.execute(
            sql: "DELETE FROM webSession WHERE used <= :idle OR begun <= :longest",
            arguments: [
                "idle": now.addingTimeInterval(-WebSession.idle).milliseconds,
                "longest": now.addingTimeInterval(-WebSession.longest).milliseconds,
            ]
        )
        try database.execute(
            sql: "DELETE FROM accountLink WHERE until <= ?",
            arguments: [now.milliseconds]
        )
    }

    private static let columns = """
        webSession.token, webSession.user, webSession.begun, webSession.used, webSession.client, user.role
        FROM webSession JOIN user ON user.handle = webSession.user
        WHERE used > :idle AND begun > :longest AND user.suspension IS NULL
        """

    private var bounds: StatementArguments {
        let now = self.store.now()
        return [
            "idle": now.addingTimeInterval(-WebSession.idle).milliseconds,
            "longest": now.addingTimeInterval(-WebSession.longest).milliseconds,
        ]
    }

    func session(_ token: SecretToken) async throws -> WebSession? {
        let arguments = self.bounds + ["token": token.hash]
        return try await self.store.reading { database in
            let sql = "SELECT \(Self.columns) AND webSession.token = :token"
            return try Row.fetchOne(database, sql: sql, arguments: arguments).map(Self.session)
        }
    }

    func sessions(of user: UserHandle) async throws -> [WebSession] {
        let arguments = self.bounds + ["user": user.description]
        return try await self.store.reading { database in
            let sql = "SELECT \(Self.columns) AND webSession.user = :user ORDER BY begun DESC"
            return try Row.fetchAll(database, sql: sql, arguments: arguments).map(Self.session)
        }
    }

    private static func session(_ row: Row) throws -> WebSession {
        WebSession(
            token: SecretToken(storedHash: row["token"]),
            user: try row.parsed("user") { try UserHandle(parsing: $0) },
            role: try row.parsed("role", Parsers.role),
            begun: Date(milliseconds: row["begun"]),
            used: Date(milliseconds: row["used"]),
            client: (row["client"] as String?).flatMap { try? IPAddress(parsing: $0) }
        )
    }

    func use(_ token: SecretToken) async throws {
        let now = self.store.now().milliseconds
        try await self.store.writing { database in
            try database.execute(
                sql: "UPDATE webSession SET used = ? WHERE token = ?",
                arguments: [now, token.hash]
            )
        }
    }

    func end(_ token: SecretToken) async throws {
        try await self.store.writing { database in
            try database.execute(sql: "DELETE FROM webSession WHERE token = ?", arguments: [token.hash])
        }
    }
}

/// Rows of `accountLink` and `webSession`.
struct SQLiteAccountRows: AccountRows {
    let database: Database

    func link(_ token: SecretToken) throws -> AccountLink? {
        let sql = "SELECT * FROM accountLink WHERE token = ?"
        return try Row.fetchOne(self.database, sql: sql, arguments: [token.hash]).map { row in
            guard let kind = AccountLinkKind(rawValue: row["kind"]) else {
                throw RegistryError.unusable("the database holds a link of an unknown kind")
            }
            return AccountLink(
                token: token,
                kind: kind,
                user: try row.parsed("user") { try UserHandle(parsing: $0) },
                end: Date(milliseconds: row["until"])
            )
        }
    }

    func insert(_ link: AccountLink) throws {
        try self.database.execute(
            sql: "INSERT INTO accountLink (token, user, kind, until) VALUES (?, ?, ?, ?)",
            arguments: [
                link.token.hash, link.user.description, link.kind.rawValue, link.end.milliseconds,
            ]
        )
    }

    func removeLinks(of user: UserHandle) throws {
        try self.database.execute(
            sql: "DELETE FROM accountLink WHERE user = ?",
            arguments: [user.description]
        )
    }

    func endSessions(of user: UserHandle) throws {
        try self.database.execute(
            sql: "DELETE FROM webSession WHERE user = ?",
            arguments: [user.description]
        )
    }
}
