internal import Foundation
package import GRDB

extension SQLiteRegistry {
    @discardableResult
    func apply(
        _ changes: [RegistryChange],
        by author: String,
        expecting revision: Int64?,
        mode: ApplyMode
    ) async throws -> [RegistryResult] {
        let time = self.store.now()
        return try await self.store.changing { database in
            var results: [RegistryResult] = []
            try database.inTransaction(.immediate) {
                guard try revision == nil || revision == Self.revision(in: database) else {
                    throw RegistryError.refused("the registry was changed in the meantime; check and repeat")
                }
                let transaction = RegistryTransaction(
                    rows: RegistryRows(database),
                    author: author,
                    time: time,
                    isBulk: changes.count > Self.bulk
                )
                results = try transaction.make(changes)
                return mode == .commit ? .commit : .rollback
            }
            return results
        }
    }
}

extension SQLiteRegistry {
    /// From how many changes on it takes less time to read what tunnels have than to ask for each.
    private static let bulk = 100
}

extension RegistryError {
    /// Says in words which rule of the schema was broken.
    init(_ error: DatabaseError) {
        let message = Self.words(of: error)
        switch error.extendedResultCode {
        case _ where message == Self.foreignKeyMessage:
            self = .refused("it is still in use, or names something that does not exist")
        case .SQLITE_CONSTRAINT_TRIGGER: self = .refused(message)
        case .SQLITE_CONSTRAINT_CHECK: self = .refused(Self.text(message, after: "CHECK constraint failed: "))
        case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY:
            let columns = Self.text(message, after: "UNIQUE constraint failed: ")
            self = .refused(Self.uniquenessRules[columns] ?? "\(columns) is taken")
        case .SQLITE_CONSTRAINT_FOREIGNKEY:
            self = .refused("it is still in use, or names something that does not exist")
        default: self = .unusable("the database cannot be used: \(message)\(Self.hint(error))")
        }
    }

    /// What SQLite says, or what its code means where the message belongs to another connection.
    package static func words(of error: DatabaseError) -> String {
        switch error.resultCode {
        case .SQLITE_FULL: return "no space is left"
        case .SQLITE_READONLY: return "it can only be read"
        case .SQLITE_BUSY, .SQLITE_LOCKED: return "another process is writing to it"
        default: break
        }
        guard let message = error.message, message != "not an error" else {
            return "error \(error.resultCode) of SQLite"
        }
        return message
    }

    /// What to look at when SQLite could not read or write; nothing for other errors.
    package static func hint(_ error: DatabaseError) -> String {
        switch error.resultCode {
        case .SQLITE_FULL, .SQLITE_IOERR, .SQLITE_CANTOPEN: "; is the file system full?"
        case .SQLITE_READONLY: "; is its file system mounted read-only, or is the file another user's?"
        case .SQLITE_BUSY, .SQLITE_LOCKED: "; lsof names it: try again when it is done"
        case .SQLITE_CORRUPT, .SQLITE_NOTADB:
            "; restore the last backup (docs/central.md)"
        default: ""
        }
    }

    /// SQLite gives it different codes, by the key's action.
    private static let foreignKeyMessage = "FOREIGN KEY constraint failed"

    private static func text(_ message: String, after prefix: String) -> String {
        message.hasPrefix(prefix) ? String(message.dropFirst(prefix.count)) : message
    }

    private static let uniquenessRules = [
        "pop.id": "another PoP has that id",
        "pop.name": "another PoP has that name",
        "pop.ipv4": "another PoP has that IPv4 address",
        "pop.ipv6": "another PoP has that IPv6 address",
        "prefix.popID": "a PoP has one tunnel prefix, and this one has it already",
        "prefix.text": "the prefix is in the fleet already",
        "prefix.lower": "the prefix overlaps another prefix of the fleet",
        "tunnel.number": "the tunnel number is taken",
        "tunnel.popID, tunnel.tid": "another tunnel of the PoP has that tid",
        "tunnel.popID, tunnel.endpoint": "another static tunnel of the PoP has that endpoint",
        "user.handle": "another user has that handle",
        "subnet.text": "the subnet is delegated already",
        "subnet.lower": "the subnet overlaps another subnet",
    ]
}
