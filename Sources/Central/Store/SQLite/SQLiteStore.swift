internal import Foundation
internal import GRDB
internal import Wire

/// The fleet's state in two SQLite files.
struct SQLiteStore: StoreUpkeep {
    /// Of the registry's file.
    let path: String

    /// What operators and rounds decided; a commit survives a power failure.
    let registryFile: any DatabaseWriter

    /// What daemons reported.
    let sampleFile: any DatabaseWriter

    let generationLengths = GenerationLengths()
    let popCounts = PoPCounts()

    /// Gives the time that rows are stamped with.
    let now: @Sendable () -> Date

    /// Opens the files, creating what is missing.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    init(
        path: String,
        mayBeNew: Bool = true,
        now: @escaping @Sendable () -> Date = { Date() }
    ) throws {
        let samplesPath = Self.samplesPath(beside: path)
        self.path = path
        self.registryFile = try DatabaseFile(path: path, durability: .full).open(
            migrations: Migrations.central,
            mayBeNew: mayBeNew
        )
        self.sampleFile = try DatabaseFile(path: samplesPath, durability: .normal, companion: path).open(
            migrations: Migrations.samples
        )
        self.now = now
    }

    /// Opens the files for looking at them: nothing is made, and nothing can be changed.
    ///
    /// A registry whose samples are not there, since it was restored, has none.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    init(reading path: String, now: @escaping @Sendable () -> Date = { Date() }) throws {
        let samplesPath = Self.samplesPath(beside: path)
        self.path = path
        self.registryFile = try DatabaseFile(path: path, durability: .full).openForReading(
            migrations: Migrations.central
        )
        self.sampleFile = try Self.samplesForReading(at: samplesPath, beside: path)
        self.now = now
    }

    private static func samplesForReading(
        at path: String,
        beside companion: String
    ) throws -> any DatabaseWriter {
        var status = stat()
        if stat(path, &status) != 0 ? errno == ENOENT : status.st_size == 0 {
            let none = try DatabaseQueue()
            try Migrations.samples.migrate(none)
            return none
        }
        do {
            return try DatabaseFile(path: path, durability: .normal, companion: companion).openForReading(
                migrations: Migrations.samples
            )
        } catch RegistryError.unusable(let reason) {
            throw RegistryError.unusable(
                "\(reason) (these are the samples: the registry does without them, mv \(path) away)"
            )
        }
    }

    /// `central-samples.db` for `central.db`.
    static func samplesPath(beside path: String) -> String {
        let suffix = ".db"
        return (path.hasSuffix(suffix) ? String(path.dropLast(suffix.count)) : path) + "-samples.db"
    }
}

extension SQLiteStore {
    var registry: SQLiteRegistry { SQLiteRegistry(store: self) }
    var rounds: SQLiteRounds { SQLiteRounds(store: self) }
    var history: SQLiteHistory { SQLiteHistory(store: self) }
    var samples: SQLiteSamples { SQLiteSamples(store: self) }
    var upkeep: SQLiteStore { self }

    /// The same for everybody who does not care what it is kept in.
    var fleet: FleetStore {
        FleetStore(
            engine: "sqlite",
            registry: self.registry,
            rounds: self.rounds,
            history: self.history,
            samples: self.samples,
            endpoints: SQLiteEndpoints(store: self),
            accounts: SQLiteAccounts(store: self),
            upkeep: self
        )
    }
}
