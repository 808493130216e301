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
        container["created"] = self.user.created.milliseconds
        container["changed"] = self.user.changed.milliseconds
    }
}
