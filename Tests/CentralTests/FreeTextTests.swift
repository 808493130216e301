import ArgumentParser
import Foundation
import Streams
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("Texts on their way in")
struct FreeTextTests {
    /// What can be neither stored nor shown as it is.
    static let bad = [
        "a\u{1b}[31mb", "a\nb", "a\0b", "a\u{7f}", "a\u{9b}b", "a\u{202e}b", "a\u{2028}b", "a\u{200b}b",
        String(decoding: [0x61, 0xff], as: UTF8.self),
    ]

    @Test(arguments: bad)
    func isRefusedOnEveryWay(_ text: String) async throws {
        #expect(throws: SyntaxError.self) { try FreeText.line(text) }
        #expect(throws: SyntaxError.self) { try FreeText.word(text) }
        #expect(throws: SyntaxError.self) { try FreeText.path("/" + text) }
        for option in ["--city", "--ssh-host", "--ssh-user", "--ssh-key"] {
            #expect(throws: (any Error).self) { try Self.parsed(["pop", "set", "chtst01", option, text]) }
        }
        for option in ["--name", "--mail"] {
            #expect(throws: (any Error).self) { try Self.parsed(["user", "set", "jdoe", option, text]) }
        }
    }

    @Test func saysWhichCharacterItIs() {
        let error = #expect(throws: SyntaxError.self) { try FreeText.line("Os\u{1b}lo") }

        #expect(
            error?.expected == "one line without control or invisible characters (character 3 is U+001B)"
        )
    }

    @Test func takesNamesOfAllScripts() throws {
        for text in ["", "Zürich", "東京", "می\u{200c}خواهم", "O'Brien, Jr. <x>"] {
            #expect(try FreeText.line(text) == text)
        }
        #expect(throws: SyntaxError.self) { try FreeText.line(String(repeating: "ä", count: 128)) }
    }

    @Test(arguments: bad.filter { !$0.contains("\u{fffd}") })
    func isRefusedByTheRegistryWhoeverBringsIt(_ text: String) async throws {
        let test = try await TestStore(Fixture.registry())
        let name = try Fixture.name()
        let handle = try UserHandle(parsing: "somebody")
        let changes: [RegistryChange] = [
            .amendPoP(name, PoPAmendment(city: text)), .amendPoP(name, PoPAmendment(sshHost: text)),
            .amendPoP(name, PoPAmendment(sshUser: text)),
            .amendPoP(name, PoPAmendment(sshKeyFile: "/" + text)),
            .addUser(handle, UserAmendment(name: text)), .addUser(handle, UserAmendment(mail: "a@b" + text)),
        ]
        for change in changes {
            await #expect(throws: RegistryError.self) {
                try await test.store.registry.apply([change], by: "test")
            }
        }
    }

    @Test func isRefusedInJSONWithItsPlace() async throws {
        let test = try await TestStore(Fixture.registry())
        let user = try UserHandle(parsing: "jdoe2")
        try await test.store.registry.apply([.addUser(user, UserAmendment(name: "A NAME"))], by: "test")
        let document = TransferDocument(
            try await test.store.registry.snapshot(of: .fleet),
            only: nil,
            secrets: .hidden
        )
        let json = try JSONText.pretty(document).description
        for (old, new, place) in [
            (#""name" : "A NAME""#, #""name" : "\u0000""#, ".name"),
            (#""mail" : """#, #""mail" : "a@b\u202e""#, ".mail"),
            (#""sshUser" : "sixxs""#, #""sshUser" : "six\u001bxs""#, ".sshUser"),
            (#""city" : "Teststadt""#, #""city" : "a\nb""#, ".city"),
        ] where json.contains(old) {
            let octets = Array(json.replacing(old, with: new).utf8)
            let error = #expect(throws: TransferError.self) {
                try TransferFleet(json: octets, file: "f.json")
            }
            #expect(
                error?.problems.first?.description.contains("\(place): expected one line without") == true
            )
        }
    }

    @Test func isRefusedInTheInventoryWithItsPlace() throws {
        let folder = try TemporaryFolder()
        try folder.write(
            """
            id: 1
            name: chtst01
            city: "Os\\e[31mlo\\nX"
            ipv4: 192.0.2.1
            ipv6: 2001:db8::1
            ssh:
              host: "a\\0b"
            """,
            to: "pops/chtst01.yaml"
        )

        let error = #expect(throws: InventoryError.self) { try InventoryReader(folder: folder.path).read() }

        let texts = error?.lines.dropFirst().map { $0.replacing(folder.path, with: "") } ?? []
        #expect(texts.count == 2)
        #expect(
            texts.first?.hasPrefix("/pops/chtst01.yaml:3:7: city: expected one line without control") == true
        )
        #expect(texts.last?.hasPrefix("/pops/chtst01.yaml:7:9: ssh.host: expected one line without") == true)
    }

    @Test(arguments: [("Oslo ", "Oslo"), ("\t Oslo\u{a0}", "Oslo"), ("  ", ""), ("New York", "New York")])
    func hasNoBlanksAroundIt(_ text: String, _ stored: String) throws {
        // Before it is judged: a tab between two words is a control character.
        #expect(try FreeText.line(text) == stored)
    }

    @Test func nullIsNoTownOfThatName() throws {
        for null in ["null", "~", "NULL"] {
            let folder = try TemporaryFolder()
            try folder.write(
                "\u{feff}id: 1\nname: chtst01\ncity: \(null)\nipv4: 192.0.2.1\nipv6: 2001:db8::1\n",
                to: "pops/chtst01.yaml"
            )

            let error = #expect(throws: InventoryError.self) {
                try InventoryReader(folder: folder.path).read()
            }

            #expect(
                error?.lines.last?.hasSuffix(
                    "3:7: city: expected a value, or no such key where there is none, found null"
                )
                    == true
            )
        }
    }

    private static func parsed(_ words: [String]) throws { _ = try SixxsCentral.parseAsRoot(words) }
}
