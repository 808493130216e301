import Foundation
import GRDB
import Testing

@testable import sixxs_central

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
        try await test.store.central.write { database in
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

        #expect(try await store.pasts().isEmpty)
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

    @Test(arguments: ["/nonexistent/central.db", "/tmp"])
    func thatCannotBeOpenedIsNamed(_ path: String) {
        let error = #expect(throws: RegistryError.self) { _ = try SQLiteStore(path: path) }

        #expect(error?.description.contains("cannot open the database \(path): ") == true)
    }
}
