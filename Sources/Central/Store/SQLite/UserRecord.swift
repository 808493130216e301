internal import Foundation
internal import GRDB
internal import Wire

/// A row of `user`.
struct UserRecord: FetchableRecord, PersistableRecord {
    static let databaseTableName = "user"

    let user: User

    init(_ user: User) { self.user = user }

    init(row: Row) throws {
        let md5: String? = row["passwordMD5"]
        let sha256: String? = row["passwordSHA256"]
        self.user = User(
            handle: try row.parsed("handle") { try UserHandle(parsing: $0) },
            name: row["name"],
            mail: row["mail"],
            password: md5.flatMap { md5 in sha256.map { PasswordHash(md5: md5, sha256: $0) } },
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
