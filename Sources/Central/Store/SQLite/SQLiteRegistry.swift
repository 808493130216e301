internal import Foundation
internal import GRDB
internal import Wire

/// What operators decided, in the registry's file.
struct SQLiteRegistry: RegistryStore {
    let store: SQLiteStore

    func snapshot(of scope: FleetSnapshot.Scope) async throws -> FleetSnapshot {
        try await self.store.reading { try Self.snapshot(of: scope, in: $0) }
    }

    func clientSecret(of account: ClientAccount) async throws -> PasswordHash? {
        try await self.store.reading { database in
            let row: Row?
            if let tunnel = account.tunnel {
                let sql = """
                    SELECT ticMD5, ticSHA256 FROM tunnel JOIN user ON user.handle = tunnel.owner
                    WHERE number = ? AND owner = ? COLLATE NOCASE AND suspension IS NULL
                    """
                let statement = try database.cachedStatement(sql: sql)
                row = try Row.fetchOne(
                    statement,
                    arguments: [Int64(tunnel.rawValue), account.handle.description]
                )
            } else {
                let sql =
                    "SELECT passwordMD5, passwordSHA256 FROM user WHERE handle = ? AND suspension IS NULL"
                let statement = try database.cachedStatement(sql: sql)
                row = try Row.fetchOne(statement, arguments: [account.handle.description])
            }
            return row.flatMap { PasswordHash(md5: $0[0] as String?, sha256: $0[1] as String?) }
        }
    }

    /// How many changes the registry has seen.
    static func revision(in database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT max(revision) FROM audit") ?? 0
    }

    static func snapshot(of scope: FleetSnapshot.Scope, in database: Database) throws -> FleetSnapshot {
        let filter = try Self.filter(for: scope, in: database)
        return FleetSnapshot(
            revision: try Self.revision(in: database),
            pops: try PoPRecord.fetchAll(database, sql: "SELECT * FROM pop ORDER BY name").map(\.pop),
            prefixes: try PrefixRecord.fetchAll(
                database,
                sql: "SELECT * FROM prefix WHERE \(filter.prefixes) ORDER BY lower",
                arguments: filter.arguments
            ).map(\.routed),
            tunnels: try TunnelRecord.fetchAll(
                database,
                sql: "SELECT \(TunnelRecord.columns) FROM tunnel WHERE \(filter.tunnels) ORDER BY popID, tid",
                arguments: filter.arguments
            ).map(\.tunnel),
            subnets: try SubnetRecord.fetchAll(
                database,
                sql: "SELECT \(SubnetRecord.columns) FROM subnet WHERE \(filter.subnets) ORDER BY lower",
                arguments: filter.arguments
            ).map(\.subnet),
            users: try filter.hasUsers
                ? UserRecord.fetchAll(database, sql: "SELECT * FROM user ORDER BY handle").map(\.user) : [],
            waves: try Self.waves(in: database),
            formerNames: try SQLitePoPRows(database: database).formerNames()
        )
    }

    /// How changes go out; as the program would have it when nobody said otherwise.
    static func waves(in database: Database) throws -> WavePolicy {
        guard let text = try String.fetchOne(database, sql: "SELECT value FROM setting WHERE name = 'waves'")
        else {
            return WavePolicy()
        }
        do {
            return WavePolicy(clamping: try JSONDecoder().decode([String: Int].self, from: Data(text.utf8)))
        } catch {
            throw RegistryError.unusable("the database holds bad waves: \(text)")
        }
    }

    /// The conditions that make up a scope; each uses `:key`.
    private struct Filter {
        let prefixes: String
        let tunnels: String
        let subnets: String
        let arguments: StatementArguments
        var hasUsers = false
    }

    private static func filter(for scope: FleetSnapshot.Scope, in database: Database) throws -> Filter {
        switch scope {
        case .fleet: Filter(prefixes: "TRUE", tunnels: "TRUE", subnets: "TRUE", arguments: [], hasUsers: true)
        case .infrastructure: Filter(prefixes: "TRUE", tunnels: "FALSE", subnets: "FALSE", arguments: [])
        case .users:
            Filter(prefixes: "FALSE", tunnels: "FALSE", subnets: "FALSE", arguments: [], hasUsers: true)
        case .owner(let handle):
            Filter(
                prefixes: "popID IN (SELECT popID FROM tunnel WHERE owner = :key)",
                tunnels: "owner = :key",
                subnets: "tunnel IN (SELECT number FROM tunnel WHERE owner = :key)",
                arguments: ["key": try Self.user(handle, in: database).handle.description]
            )
        case .pop(let name):
            Filter(
                prefixes: "popID = :key",
                tunnels: "popID = :key",
                subnets: "tunnel IN (SELECT number FROM tunnel WHERE popID = :key)",
                arguments: ["key": try Self.pop(named: name, in: database).id]
            )
        case .tunnel(let number):
            Filter(
                prefixes: "popID = (SELECT popID FROM tunnel WHERE number = :key)",
                tunnels: "number = :key",
                subnets: "tunnel = :key",
                arguments: ["key": Int64(try Self.tunnel(number, in: database).number.rawValue)]
            )
        }
    }

    /// - Throws: ``RegistryError/notFound(_:)``.
    static func pop(named name: PoPName, in database: Database) throws -> PoP {
        let rows = SQLitePoPRows(database: database)
        guard let pop = try rows.pop(named: name) else {
            throw RegistryError.noPoP(name, among: try rows.all(), try rows.formerNames())
        }
        return pop
    }

    /// - Throws: ``RegistryError/notFound(_:)``.
    static func tunnel(_ number: TunnelNumber, in database: Database) throws -> Tunnel {
        guard let tunnel = try SQLiteTunnelRows(database: database).tunnel(number) else {
            throw RegistryError.noTunnel(number)
        }
        return tunnel
    }

    /// - Throws: ``RegistryError/notFound(_:)``.
    static func user(_ handle: UserHandle, in database: Database) throws -> User {
        let rows = SQLiteUserRows(database: database)
        guard let user = try rows.user(handle) else {
            throw RegistryError.noUser(handle, among: try rows.handles())
        }
        return user
    }

    func changes(since revision: Int64) async throws -> [AuditEntry] {
        try await self.store.reading { database in
            let sql = "SELECT * FROM audit WHERE revision > ? ORDER BY revision"
            return try Row.fetchAll(database, sql: sql, arguments: [revision]).map(SQLiteHistory.auditEntry)
        }
    }
}
