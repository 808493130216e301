import Foundation
import GRDB
import Testing

@testable import Central

@Suite("A database file")
struct DatabaseFileTests {
    @Test func isForItsOwnerOnly() async throws {
        let test = try await TestStore(Fixture.registry())

        for name in ["central.db", "central.db-wal", "central-samples.db"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: test.folder.path(name))
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(name)")
        }
    }

    @Test func isClosedToOthersWhenItWasOpen() throws {
        let folder = try TemporaryFolder()
        try folder.write("", to: "central.db")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644],
            ofItemAtPath: folder.path("central.db")
        )

        _ = try SQLiteStore(path: folder.path("central.db"))

        let attributes = try FileManager.default.attributesOfItem(atPath: folder.path("central.db"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    @Test func ofANewerProgramIsRefused() async throws {
        let test = try await TestStore()
        try await test.store.registryFile.write { database in
            try database.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES ('99 of the future')")
        }

        let error = #expect(throws: RegistryError.self) {
            _ = try SQLiteStore(path: test.folder.path("central.db"))
        }

        let message = try #require(error?.description)
        #expect(message.contains("was made by a newer sixxs-central"))
        #expect(message.contains("\"99 of the future\""))
    }

    @Test func ofAnOlderProgramIsBroughtUpToDate() async throws {
        let folder = try TemporaryFolder()
        let queue = try DatabaseQueue(path: folder.path("central.db"))
        try Migrations.central.migrate(queue, upTo: "1 registry")
        try queue.close()

        let store = try SQLiteStore(path: folder.path("central.db"))

        #expect(try await store.rounds.histories().isEmpty)
    }

    @Test func thatIsNoDatabaseIsRefused() throws {
        let folder = try TemporaryFolder()
        try folder.write(String(repeating: "no database\n", count: 100), to: "central.db")

        let error = #expect(throws: RegistryError.self) {
            _ = try SQLiteStore(path: folder.path("central.db"))
        }

        #expect(
            error?.description.contains(
                "cannot use the database \(folder.path("central.db")): file is not a database"
            ) == true
        )
    }

    @Test(arguments: ["x", String(repeating: "\0", count: 4096)])
    func thatIsCutOffIsNoEmptyRegistry(_ text: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path("central.db")
        try folder.write(text, to: "central.db")

        for open in [
            { _ = try SQLiteStore(reading: path) }, { _ = try SQLiteStore(path: path, mayBeNew: false) },
        ] as [() throws -> Void] {
            #expect(throws: RegistryError.self) { try open() }
        }

        #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
    }

    @Test func ofAnotherProgramStaysAsItIs() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("central.db")
        let queue = try DatabaseQueue(path: path)
        try queue.write { try $0.execute(sql: "CREATE TABLE album (title TEXT)") }
        try queue.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))

        for open in [
            { _ = try SQLiteStore(reading: path) }, { _ = try SQLiteStore(path: path) },
        ] as [() throws -> Void] {
            let error = #expect(throws: RegistryError.self) { try open() }
            #expect(error?.description.contains("is not a sixxs-central database") == true)
        }

        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test func isLookedAtWithoutAWriter() async throws {
        let test = try await TestStore(Fixture.registry())
        let path = test.folder.path("central.db")
        // Somebody writes, and goes on.
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let writer = try DatabaseQueue(path: path, configuration: configuration)
        try await writer.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }

        // Who waited for the writer would be refused after its time.
        let reader = try SQLiteStore(reading: path)

        #expect(
            try await reader.registry.snapshot(of: .fleet)
                == (try await test.store.registry.snapshot(of: .fleet))
        )
        await #expect(
            throws: RegistryError.unusable(
                "the database cannot be used: it can only be read; is its file "
                    + "system mounted read-only, or is the file another user's?"
            )
        ) {
            try await reader.registry.apply([.setWaves(WavePolicy(share: 1))], by: "test")
        }
        try await writer.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    }

    @Test func withoutSamplesIsLookedAtAndGetsNone() async throws {
        let test = try await TestStore(Fixture.registry())
        let copy = test.folder.path("restored.db")
        _ = try await DatabaseBackup(of: test.store.registryFile).write(to: copy)

        let reader = try SQLiteStore(reading: copy)

        #expect(try await reader.rounds.histories().values.allSatisfy { $0.sample == nil })
        #expect(!FileManager.default.fileExists(atPath: test.folder.path("restored-samples.db")))
    }

    @Test func ofAnOlderProgramIsBroughtUpToDateForReadersToo() async throws {
        let folder = try TemporaryFolder()
        let queue = try DatabaseQueue(path: folder.path("central.db"))
        try Migrations.central.migrate(queue, upTo: "1 registry")
        try queue.close()

        let reader = try SQLiteStore(reading: folder.path("central.db"))

        #expect(try await reader.rounds.histories().isEmpty)
    }

    @Test func isNeverWhatABackupReplaces() async throws {
        let test = try await TestStore(Fixture.registry())
        let path = test.folder.path("central.db")
        try test.folder.write("x", to: "other.db")
        try test.folder.write("x", to: "log.db")
        try test.folder.write("x", to: "log.db-wal")
        try FileManager.default.linkItem(atPath: path, toPath: test.folder.path("link.db"))
        let target = BackupTarget(database: path, isForced: true)

        for name in [
            "central.db", "central.db-wal", "central.db-shm", "central.db-journal", "central-samples.db",
            "central-samples.db-wal", "link.db", "other.db-wal", "log.db", "",
        ] {
            #expect(throws: RegistryError.self, "\(name)") { try target.judge(test.folder.path(name)) }
        }
        try target.judge(test.folder.path("other.db"))
        try target.judge(test.folder.path("new.db"))
        #expect(throws: RegistryError.self) {
            try BackupTarget(database: path, isForced: false).judge(test.folder.path("other.db"))
        }
    }

    @Test(arguments: ["/nonexistent/central.db", "/tmp"])
    func thatCannotBeOpenedIsNamed(_ path: String) {
        let error = #expect(throws: RegistryError.self) { _ = try SQLiteStore(path: path) }

        #expect(error?.description.contains("cannot open the database \(path): ") == true)
    }
}
