internal import Foundation
internal import GRDB

/// A copy of a database that others go on writing to.
struct DatabaseBackup: Sendable {
    private let source: any DatabaseReader

    init(of source: any DatabaseReader) { self.source = source }

    /// Writes the copy under another name, checks it, makes sure that it is on the disk, and renames it.
    ///
    /// - Returns: Its size, in octets.
    /// - Throws: ``RegistryError/unusable(_:)``; there is no new file then.
    func write(to path: String) async throws -> Int {
        let temporary = "\(path).\(getpid()).new"
        do {
            defer { try? FileManager.default.removeItem(atPath: temporary) }
            try self.copy(to: temporary)
            try Self.synchronize(temporary)
            guard rename(temporary, path) == 0 else { throw Self.failure(path) }
            try Self.synchronize(URL(fileURLWithPath: path).deletingLastPathComponent().path)
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            return attributes[.size] as? Int ?? 0
        } catch let error as DatabaseError {
            throw RegistryError.unusable(
                "cannot write the backup \(path): \(RegistryError.words(of: error))\(RegistryError.hint(error))"
            )
        }
    }

    private func copy(to path: String) throws {
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(path) }
        close(descriptor)
        let copy = try DatabaseQueue(path: path)
        try self.source.backup(to: copy)
        let findings = try copy.inDatabase { database in
            // One file, without a log beside it that could be forgotten.
            try database.execute(sql: "PRAGMA journal_mode = DELETE")
            return try String.fetchAll(database, sql: "PRAGMA integrity_check")
        }
        try copy.close()
        guard findings == ["ok"] else {
            throw RegistryError.unusable(
                "the backup is not whole: \(findings.prefix(3).joined(separator: "; "))"
            )
        }
    }

    private static func synchronize(_ path: String) throws {
        let descriptor = Foundation.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw self.failure(path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw self.failure(path) }
    }

    private static func failure(_ path: String) -> RegistryError {
        .unusable("cannot write the backup \(path): \(FileTrouble.words(errno, path))")
    }
}
