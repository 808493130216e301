internal import Foundation
internal import GRDB
internal import Wire

/// A row of `tunnel`.
struct TunnelRecord: FetchableRecord, PersistableRecord {
    static let databaseTableName = "tunnel"

    let tunnel: Tunnel

    init(_ tunnel: Tunnel) { self.tunnel = tunnel }

    init(row: Row) throws {
        self.tunnel = Tunnel(
            number: try row.required("number") { UInt32(exactly: $0).flatMap(TunnelNumber.init(rawValue:)) },
            popID: row["popID"],
            tid: try row.required("tid") { UInt16(exactly: $0).flatMap(TID.init(rawValue:)) },
            end: try Self.end(of: row),
            mtu: row["mtu"],
            isEnabled: row["enabled"],
            isUserEnabled: row["userEnabled"],
            owner: try (row["owner"] as String?).map { _ in
                try row.parsed("owner") { try UserHandle(parsing: $0) }
            },
            oldPassword: Self.oldPassword(of: row),
            created: Date(milliseconds: row["created"]),
            changed: Date(milliseconds: row["changed"])
        )
    }

    private static func oldPassword(of row: Row) -> OldPassword? {
        guard let password = row["oldPassword"] as String?, let end = row["oldPasswordEnd"] as Int64? else {
            return nil
        }
        return OldPassword(Password(stored: password), until: Date(milliseconds: end))
    }

    private static func end(of row: Row) throws -> TunnelEnd {
        switch TunnelType(rawValue: row["type"]) {
        case .static: .fixed(try row.parsed("endpoint") { try IPAddress(parsing: $0) })
        case .heartbeat: .heartbeat(try row.parsed("password") { Password(stored: $0) })
        case .ayiya: .ayiya(try row.parsed("password") { Password(stored: $0) })
        case nil: throw RegistryError.unusable("the database holds a tunnel of an unknown type")
        }
    }

    func encode(to container: inout PersistenceContainer) {
        container["number"] = Int64(self.tunnel.number.rawValue)
        container["popID"] = self.tunnel.popID
        container["tid"] = Int64(self.tunnel.tid.rawValue)
        container["type"] = self.tunnel.end.type.rawValue
        container["endpoint"] = self.tunnel.end.endpoint?.description
        container["mtu"] = self.tunnel.mtu
        container["password"] = self.tunnel.end.password?.text
        container["enabled"] = self.tunnel.isEnabled
        container["userEnabled"] = self.tunnel.isUserEnabled
        container["owner"] = self.tunnel.owner?.description
        container["oldPassword"] = self.tunnel.oldPassword?.password.text
        container["oldPasswordEnd"] = self.tunnel.oldPassword?.end.milliseconds
        container["created"] = self.tunnel.created.milliseconds
        container["changed"] = self.tunnel.changed.milliseconds
    }

    /// Inserts the row by a statement that is prepared once: imports have tens of thousands.
    func add(to database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO tunnel (number, popID, tid, type, endpoint, mtu, password, enabled, userEnabled, owner,
                    created, changed)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """
        )
        try statement.execute(arguments: [
            Int64(self.tunnel.number.rawValue), self.tunnel.popID, Int64(self.tunnel.tid.rawValue),
            self.tunnel.end.type.rawValue, self.tunnel.end.endpoint?.description, self.tunnel.mtu,
            self.tunnel.end.password?.text, self.tunnel.isEnabled, self.tunnel.isUserEnabled,
            self.tunnel.owner?.description, self.tunnel.created.milliseconds,
            self.tunnel.changed.milliseconds,
        ])
    }
}
