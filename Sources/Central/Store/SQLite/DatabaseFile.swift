internal import Foundation
internal import GRDB

/// A database file on disk, opened as the centre wants it.
struct DatabaseFile: Sendable {
    let path: String
    let durability: Durability

    /// A file whose owner a new one gets when root makes it: else the service could not open it.
    var companion: String?

    /// When a commit is safe.
    enum Durability: String, Sendable {
        /// Once it returns, through a power failure too.
        case full = "FULL"

        /// Through a crash of the program; a power failure may lose the last ones.
        case normal = "NORMAL"
    }

    /// The most that a writer keeps in memory, in KiB.
    private static let writerCache = 64 << 10

    /// How long a writer waits for another process, in seconds.
    private static let busyTimeout: TimeInterval = 10

    /// Opens the file, creating it with mode 0600 when it is not there, and brings its schema up to date.
    ///
    /// - Parameters:
    ///   - migrations: The schema.
    ///   - mayBeNew: Whether a file without any tables becomes such a database.
    /// - Returns: The database, open.
    /// - Throws: ``RegistryError/unusable(_:)`` when it cannot be opened, is another program's, or of a newer version of this one.
    func open(migrations: DatabaseMigrator, mayBeNew: Bool = true) throws -> DatabasePool {
        try self.translating {
            try self.createPrivately()
            try self.demandOwn(migrations, mayBeNew: mayBeNew)
            let pool = try DatabasePool(path: self.path, configuration: Self.configuration)
            // A pool sets NORMAL by itself, after anything its configuration could say.
            try pool.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA synchronous = \(self.durability.rawValue)")
                // What a statement that fails has to put back is written to a file in /var/tmp otherwise, for each one anew.
                try $0.execute(sql: "PRAGMA temp_store = MEMORY")
                // Of a transaction that changes more pages than fit, each is written several times.
                try $0.execute(sql: "PRAGMA cache_size = -\(Self.writerCache)")
            }
            try self.migrate(pool, migrations)
            return pool
        }
    }

    /// Looks into a file before anything is written into it.
    private func demandOwn(_ migrations: DatabaseMigrator, mayBeNew: Bool) throws {
        var status = stat()
        guard stat(self.path, &status) == 0, status.st_size > 0 else { return }
        var configuration = Self.configuration
        configuration.readonly = true
        let (isOwn, isEmpty) = try DatabaseQueue(path: self.path, configuration: configuration).read {
            (try self.isOwn($0, migrations), try Self.isEmpty($0))
        }
        guard isOwn || isEmpty && mayBeNew else { throw self.stranger }
    }

    /// Whether the first of the migrations was ever made.
    func isOwn(_ database: Database, _ migrations: DatabaseMigrator) throws -> Bool {
        guard let first = migrations.migrations.first else { return false }
        return try migrations.appliedIdentifiers(database).contains(first)
    }

    private static func isEmpty(_ database: Database) throws -> Bool {
        try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") == 0
    }

    /// Says that a file is another program's, or was cut off.
    var stranger: RegistryError {
        .unusable(
            "\(self.path) is not a sixxs-central database: correct --database, or restore the last backup "
                + "(docs/central.md)"
        )
    }

    static var configuration: Configuration {
        var configuration = Configuration()
        configuration.busyMode = .timeout(Self.busyTimeout)
        return configuration
    }

    func translating<Value>(_ body: () throws -> Value) throws -> Value {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw RegistryError.unusable(
                "cannot use the database \(self.path): \(RegistryError.words(of: error))\(RegistryError.hint(error))"
            )
        }
    }

    func failure(_ code: Int32) -> RegistryError {
        .unusable("cannot open the database \(self.path): \(FileTrouble.words(code, self.path))")
    }

    private func createPrivately() throws {
        var descriptor = Foundation.open(self.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            self.giveToItsUser(descriptor)
        } else if errno == EEXIST || errno == EISDIR {
            descriptor = Foundation.open(self.path, O_RDWR | O_CLOEXEC)
        }
        guard descriptor >= 0 else { throw self.failure(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw RegistryError.unusable("cannot open the database \(self.path): it is not a regular file")
        }
        if status.st_mode & 0o077 != 0, fchmod(descriptor, 0o600) != 0 {
            throw RegistryError.unusable(
                "others can read the database \(self.path): run chmod 600 \(self.path)"
            )
        }
    }

    private func giveToItsUser(_ descriptor: Int32) {
        guard geteuid() == 0 else { return }
        var status = stat()
        let folder = URL(fileURLWithPath: self.path).deletingLastPathComponent().path
        guard self.companion.map({ stat($0, &status) == 0 }) == true || stat(folder, &status) == 0 else {
            return
        }
        _ = fchown(descriptor, status.st_uid, status.st_gid)
    }

    private func migrate(_ pool: DatabasePool, _ migrations: DatabaseMigrator) throws {
        let (isNewer, isComplete, known) = try pool.read { database in
            (
                try migrations.hasBeenSuperseded(database),
                try migrations.hasCompletedMigrations(database),
                try migrations.appliedIdentifiers(database)
            )
        }
        guard !isNewer else {
            let unknown = known.subtracting(migrations.migrations).sorted().joined(separator: ", ")
            throw RegistryError.unusable(
                "the database \(self.path) was made by a newer sixxs-central (its schema has \"\(unknown)\"): upgrade this program"
            )
        }
        guard !isComplete else { return }
        do {
            try migrations.migrate(pool)
        } catch {
            // Another process may have done the same at the same time.
            guard try pool.read(migrations.hasCompletedMigrations) else { throw error }
        }
    }
}
