internal import Foundation

/// Where a backup may go: nowhere that a database lives, its own or another.
struct BackupTarget: Sendable {
    /// The path of the registry that is copied.
    let database: String

    /// Whether a file that is there may be replaced.
    let isForced: Bool

    /// What SQLite keeps beside a database: its logs and their index.
    private static let companions = ["-wal", "-shm", "-journal"]

    /// - Throws: ``RegistryError/refused(_:)`` for a path that is not to be written.
    func judge(_ path: String) throws(RegistryError) {
        let bases = [self.database, SQLiteStore.samplesPath(beside: self.database)]
        let own = bases + bases.flatMap { base in Self.companions.map { base + $0 } }
        guard !own.contains(where: { Self.isSame($0, path) }) else {
            throw .refused("\(path) is the database itself, or its log: name another file")
        }
        if let companion = Self.companions.first(where: { path.hasSuffix($0) }),
            access(String(path.dropLast(companion.count)), F_OK) == 0
        {
            throw .refused("\(path) would be the log of another database: name another file")
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG || status.st_mode & S_IFMT == S_IFLNK else {
            throw .refused("\(path) exists and is not a regular file: name another")
        }
        guard self.isForced else {
            throw .refused("there is a file \(path) already: name another, or repeat with --force")
        }
        var log = stat()
        if stat(path + "-wal", &log) == 0, log.st_size > 0 {
            throw .refused(
                "\(path) has a log beside it, \(path)-wal: a database that is in use; name another file"
            )
        }
    }

    /// Whether two paths are one file, by name or by number.
    private static func isSame(_ one: String, _ other: String) -> Bool {
        if Self.realPath(one) == Self.realPath(other) { return true }
        var (first, second) = (stat(), stat())
        guard stat(one, &first) == 0, stat(other, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    private static func realPath(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }
}
