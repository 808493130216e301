internal import Foundation
internal import GRDB
internal import Wire

/// A row of `user`.
struct UserRecord: FetchableRecord, PersistableRecord {
    static let databaseTableName = "user"

    let user: User

    init(_ user: User) { self.user = user }

    init(row: Row) throws {
        self.user = User(
            handle: try row.parsed("handle") { try UserHandle(parsing: $0) },
            name: row["name"],
            mail: row["mail"],
            password: PasswordHash(
                md5: row["passwordMD5"] as String?,
                sha256: row["passwordSHA256"] as String?
            ),
            role: try row.parsed("role", Parsers.role),
            // What no login could be compared with lets nobody in; `verify` tells of it.
            webPassword: (row["webPassword"] as String?).flatMap(WebPasswordHash.init(stored:)),
            suspension: (row["suspension"] as String?).map { text in
                text.split(separator: " ").compactMap { Int64($0).flatMap(TunnelNumber.init(stored:)) }
            },
            created: Date(milliseconds: row["created"]),
            changed: Date(milliseconds: row["changed"])
        )
    }

    func encode(to container: inout PersistenceContainer) {
        container["handle"] = self.user.handle.description
        container["name"] = self.user.name
        container["mail"] = self.user.mail
        container["passwordMD5"] = self.user.password?.md5
        container["passwordSHA256"] = self.user.password?.sha256
        container["role"] = self.user.role.rawValue
        container["webPassword"] = self.user.webPassword?.text
        container["suspension"] = self.user.suspension.map { numbers in
            numbers.map { "\($0.rawValue)" }.joined(separator: " ")
        }
        container["created"] = self.user.created.milliseconds
        container["changed"] = self.user.changed.milliseconds
    }
}
