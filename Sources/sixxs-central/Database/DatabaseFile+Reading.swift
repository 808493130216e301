internal import Foundation
internal import GRDB

extension DatabaseFile {
    /// Opens a file that is there for looking at it: nothing is written, no writer's lock waited for, and a file system that
    /// is read-only will do.
    ///
    /// A schema of an older program is brought up to date first, where that can be.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    func openForReading(migrations: DatabaseMigrator) throws -> any DatabaseWriter {
        let isReadOnly = try self.examine()
        let pool = try self.openReadOnly(isReadOnly ? self.locator() : self.path)
        let (isNewer, isComplete) = try self.translating {
            try pool.read {
                (try migrations.hasBeenSuperseded($0), try migrations.hasCompletedMigrations($0))
            }
        }
        if isComplete, !isNewer { return pool }
        guard !isReadOnly || isNewer else {
            throw RegistryError.unusable(
                "the database \(self.path) is of an older sixxs-central, and its file system is read-only: "
                    + "mount -o remount,rw, so that it can be brought up to date"
            )
        }
        // Says who is too old, or brings it up to date.
        return try self.open(migrations: migrations)
    }

    /// - Returns: Whether the file system is read-only.
    private func examine() throws(RegistryError) -> Bool {
        var status = stat()
        guard stat(self.path, &status) == 0 else { throw self.failure(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .unusable("cannot open the database \(self.path): it is not a regular file")
        }
        guard access(self.path, R_OK) == 0 else { throw self.failure(errno) }
        if status.st_mode & 0o077 != 0 { _ = chmod(self.path, 0o600) }
        return access(self.path, W_OK) != 0 && errno == EROFS
    }

    private func openReadOnly(_ path: String) throws -> DatabasePool {
        try self.translating {
            var configuration = Self.configuration
            configuration.readonly = true
            return try DatabasePool(path: path, configuration: configuration)
        }
    }

    /// What SQLite opens where it can make no files: the log and its index as they are, or, where there are none, the
    /// database as one that nobody can change.
    private func locator() throws(RegistryError) -> String {
        var status = stat()
        let hasLog = stat(self.path + "-wal", &status) == 0 && status.st_size > 0
        if hasLog {
            guard access(self.path + "-shm", R_OK) == 0 else {
                throw .unusable(
                    "cannot read the database \(self.path): its log, \(self.path)-wal, was not written back, and its file system "
                        + "is read-only: copy both files to another, and name the copy with --database"
                )
            }
            return self.path
        }
        var components = URLComponents()
        components.scheme = "file"
        components.path = URL(fileURLWithPath: self.path).path
        components.queryItems = [URLQueryItem(name: "immutable", value: "1")]
        return components.string ?? self.path
    }
}
