internal import Foundation
internal import GRDB
internal import Wire

/// A row of `tunnel`.
struct TunnelRecord: FetchableRecord, PersistableRecord {
    static let databaseTableName = "tunnel"

    let tunnel: Tunnel

    init(_ tunnel: Tunnel) { self.tunnel = tunnel }

    /// What a statement selects of which rows are read: by position, since lists have tens of thousands.
    static let columns = """
        number, popID, tid, type, endpoint, mtu, password, enabled, userEnabled, owner, oldPassword, oldPasswordEnd, created, \
        changed, nameServers, publishesEndpoint, updateKey, ticMD5, ticSHA256
        """

    /// Reads a row of ``columns``.
    init(row: Row) throws {
        self.tunnel = Tunnel(
            number: try row.required(0, "number") {
                UInt32(exactly: $0).flatMap(TunnelNumber.init(rawValue:))
            },
            popID: row[1],
            tid: try row.required(2, "tid") { UInt16(exactly: $0).flatMap(TID.init(rawValue:)) },
            end: try Self.end(of: row),
            mtu: row[5],
            isEnabled: row[7],
            isUserEnabled: row[8],
            owner: try (row[9] as String?).map {
                try row.parsed("owner", $0) { try UserHandle(parsing: $0) }
            },
            oldPassword: Self.oldPassword(of: row),
            nameServers: try (row[14] as String?).map {
                try row.parsed("nameServers", $0) { try DomainName.list($0) }
            } ?? [],
            publishesEndpoint: row[15],
            updateKey: (row[16] as String?).map { UpdateKey(storedHash: $0) },
            ticSecret: PasswordHash(md5: row[17] as String?, sha256: row[18] as String?),
            created: Date(milliseconds: row[12]),
            changed: Date(milliseconds: row[13])
        )
    }

    private static func oldPassword(of row: Row) -> OldPassword? {
        guard let password = row[10] as String?, let end = row[11] as Int64? else {
            return nil
        }
        return OldPassword(Password(stored: password), until: Date(milliseconds: end))
    }

    private static func end(of row: Row) throws -> TunnelEnd {
        switch TunnelType(rawValue: row[3]) {
        case .static: .fixed(try row.parsed("endpoint", row[4]) { try IPAddress(parsing: $0) })
        case .heartbeat: .heartbeat(try row.parsed("password", row[6]) { Password(stored: $0) })
        case .ayiya: .ayiya(try row.parsed("password", row[6]) { Password(stored: $0) })
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
        container["nameServers"] = self.nameServers
        container["updateKey"] = self.tunnel.updateKey?.hash
        container["ticMD5"] = self.tunnel.ticSecret?.md5
        container["ticSHA256"] = self.tunnel.ticSecret?.sha256
        container["publishesEndpoint"] = self.tunnel.publishesEndpoint
        container["created"] = self.tunnel.created.milliseconds
        container["changed"] = self.tunnel.changed.milliseconds
    }

    private var nameServers: String? {
        let names = self.tunnel.nameServers
        return names.isEmpty ? nil : names.map(\.description).joined(separator: " ")
    }

    /// What inserts rows of new tunnels.
    static let insertion = """
        INSERT INTO tunnel (number, popID, tid, type, endpoint, mtu, password, enabled, userEnabled, owner, created, changed,
            nameServers, publishesEndpoint)
        """

    /// The marks of a new tunnel's ``values``.
    static let row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

    /// A new tunnel's row, which has no old password.
    var values: [DatabaseValue] {
        [
            Int64(self.tunnel.number.rawValue).databaseValue, self.tunnel.popID.databaseValue,
            Int64(self.tunnel.tid.rawValue).databaseValue, self.tunnel.end.type.rawValue.databaseValue,
            DatabaseValue(self.tunnel.end.endpoint?.description), self.tunnel.mtu.databaseValue,
            DatabaseValue(self.tunnel.end.password?.text), self.tunnel.isEnabled.databaseValue,
            self.tunnel.isUserEnabled.databaseValue, DatabaseValue(self.tunnel.owner?.description),
            self.tunnel.created.milliseconds.databaseValue, self.tunnel.changed.milliseconds.databaseValue,
            DatabaseValue(self.nameServers), self.tunnel.publishesEndpoint.databaseValue,
        ]
    }
}
