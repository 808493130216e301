import Foundation
import Testing
import Wire

@testable import Central

@Suite("The exported inventory")
struct InventoryExportTests {
    /// A fleet in which nothing is as usual.
    private static func registry() throws -> [RegistryChange] {
        var odd = PoPAmendment(city: "Zürich \"West\" \\ #1: yes", country: "NO")
        odd.sshHost = "2001:db8::"
        odd.sshPort = 2222
        odd.sshUser = "null"
        odd.sshKeyFile = "/etc/keys/a b"
        odd.control = try Endpoint(parsing: "[::1]:42003")
        odd.tunnelMTU = 1428
        odd.isEnabled = false
        odd.isCanary = true
        odd.pollInterval = 300
        return try Fixture.registry() + [
            .amendPoP(Fixture.name("nltst01"), odd),
            .setWaves(WavePolicy(clamping: ["share": 20, "settle": 30, "confirm": 200])),
        ]
    }

    @Test func isAppliedWithoutAChange() async throws {
        let test = try await TestStore(Self.registry())
        let folder = try TemporaryFolder()
        let path = folder.path("fleet/inventory")
        let centre = Centre(test)

        let files = try await ExportInventory(into: path, mayReplace: false).run(in: centre)
        let plan = try await ApplyInventory(folder: path).prepare(in: centre).plan
        let again = try await ExportInventory(into: path, mayReplace: false).run(in: centre)

        #expect(
            files == again
                && files.map { $0.replacing(path, with: "") } == [
                    "/fleet.yaml", "/pops/chtst01.yaml", "/pops/nltst01.yaml",
                ]
        )
        #expect(plan.steps.map(\.line) == [] && plan.strangers.isEmpty)
        let fresh = try await TestStore()
        let empty = Centre(fresh)
        let apply = ApplyInventory(folder: path)
        try await apply.apply(try await apply.prepare(in: empty), in: empty)
        let (before, after) = (
            try await test.store.registry.snapshot(of: .infrastructure),
            try await fresh.store.registry.snapshot(of: .infrastructure)
        )
        #expect(before.pops == after.pops && before.prefixes == after.prefixes && before.waves == after.waves)
    }

    @Test func replacesNothingUntold() async throws {
        let test = try await TestStore(Fixture.registry())
        let folder = try TemporaryFolder()
        let centre = Centre(test)
        try folder.write("id: 1\n", to: "pops/chtst01.yaml")
        let export = ExportInventory(into: folder.path, mayReplace: false)

        let refused = await #expect(throws: RegistryError.self) { try await export.run(in: centre) }
        _ = try await ExportInventory(into: folder.path, mayReplace: true).run(in: centre)
        try folder.write("id: 9\n", to: "pops/xxxxx00.yaml")
        let stranger = await #expect(throws: RegistryError.self) {
            try await ExportInventory(into: folder.path, mayReplace: true).run(in: centre)
        }

        #expect(refused?.description.contains("pops/chtst01.yaml says something else") == true)
        #expect(!FileManager.default.fileExists(atPath: folder.path("nothing")))
        #expect(stranger?.description.contains("pops/xxxxx00.yaml belongs to no PoP") == true)
    }

    @Test func saysThatAPoPIsRenamedFirst() async throws {
        let test = try await TestStore(Fixture.registry())
        let folder = try TemporaryFolder()
        let centre = Centre(test)
        _ = try await ExportInventory(into: folder.path, mayReplace: false).run(in: centre)
        _ = try await RenamePoP(Fixture.name(), to: Fixture.name("chzrh01")).run(in: centre)

        let error = await #expect(throws: RegistryError.self) {
            try await ApplyInventory(folder: folder.path).prepare(in: centre)
        }

        #expect(error?.description.contains("sixxs-central pop rename chzrh01 chtst01 comes first") == true)
    }

    @Test(arguments: [
        ("Teststadt", "Teststadt"), ("2001:db8::1", "2001:db8::1"), ("2001:db8::", "\"2001:db8::\""),
        ("::1", "\"::1\""), ("no", "\"no\""), ("NULL", "\"NULL\""), ("a b", "\"a b\""), ("", "\"\""),
        ("a\"\\", "\"a\\\"\\\\\""), ("-x", "\"-x\""), ("a\tb", "\"a\\x09b\""), ("é", "\"é\""),
    ])
    func quotesWhatYAMLWouldTakeForSomethingElse(_ text: String, _ expected: String) {
        #expect(InventoryWriter.scalar(text) == expected)
    }
}
