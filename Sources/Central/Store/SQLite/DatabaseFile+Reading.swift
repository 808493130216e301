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
        try self.examine()
        let (pool, schema) = try self.look(migrations)
        guard schema.isOwn else { throw self.stranger }
        if schema.isComplete, !schema.isNewer { return pool }
        guard self.isWritable || schema.isNewer else {
            throw RegistryError.unusable(
                "the database \(self.path) is of an older sixxs-central, and cannot be brought up to date: "
                    + "\(FileTrouble.words(self.obstacle, self.path))"
            )
        }
        // Says who is too old, or brings it up to date.
        return try self.open(migrations: migrations)
    }

    /// Whose the tables of a file are, and how old.
    private typealias Schema = (isOwn: Bool, isNewer: Bool, isComplete: Bool)

    /// Opens it as one that is in use; where nothing can be written, as it stands.
    private func look(_ migrations: DatabaseMigrator) throws -> (DatabasePool, Schema) {
        guard self.isWritable else { return try self.look(migrations, at: self.locator()) }
        do {
            return try self.look(migrations, at: self.path)
        } catch {
            // A disk that is full has no room for the index of the log; a file that cannot be read at all fails again.
            return try self.look(migrations, at: self.locator())
        }
    }

    private func look(_ migrations: DatabaseMigrator, at path: String) throws -> (DatabasePool, Schema) {
        try self.translating {
            var configuration = Self.configuration
            configuration.readonly = true
            let pool = try DatabasePool(path: path, configuration: configuration)
            let schema: Schema = try pool.read {
                (
                    try self.isOwn($0, migrations), try migrations.hasBeenSuperseded($0),
                    try migrations.hasCompletedMigrations($0)
                )
            }
            return (pool, schema)
        }
    }

    /// - Throws: ``RegistryError/unusable(_:)`` for what is no file of ours to read.
    private func examine() throws(RegistryError) {
        var status = stat()
        guard stat(self.path, &status) == 0 else { throw self.failure(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .unusable("cannot open the database \(self.path): it is not a regular file")
        }
        guard access(self.path, R_OK) == 0 else { throw self.failure(errno) }
        if status.st_mode & 0o077 != 0, status.st_uid == geteuid() { _ = chmod(self.path, 0o600) }
    }

    private var folder: String { URL(fileURLWithPath: self.path).deletingLastPathComponent().path }

    /// Whether we may write into it, and make its log beside it.
    private var isWritable: Bool { self.obstacle == 0 }

    /// Why we may not; 0 when we may.
    private var obstacle: Int32 {
        for place in [self.path, self.folder] where access(place, W_OK) != 0 { return errno }
        return 0
    }

    /// What SQLite opens where it can make no files: the log and its index as they are, or, where there are none, the
    /// database as one that nobody can change.
    private func locator() throws(RegistryError) -> String {
        var status = stat()
        let hasLog = stat(self.path + "-wal", &status) == 0 && status.st_size > 0
        if hasLog {
            for file in [self.path + "-wal", self.path + "-shm"] where access(file, R_OK) != 0 {
                throw .unusable(
                    "cannot read the database \(self.path): its log was not written back, and "
                        + "\(file): \(FileTrouble.words(errno, file))"
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
