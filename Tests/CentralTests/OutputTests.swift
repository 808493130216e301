import ArgumentParser
import Foundation
import Streams
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("Output")
struct OutputTests {
    @Test func alignsTables() {
        var table = TextTable([.left("NAME"), .right("N"), .left("LAST")])
        table.append(["a", "1", "x"])
        table.append(["longer", "1000", nil])

        #expect(table.lines == ["NAME       N  LAST", "a          1  x", "longer  1000  -"])
    }

    private static let table = {
        var table = TextTable([
            .left("POP"), .right("UP"), .left("CITY", rank: 1), .right("ID", rank: 3),
            .left("COUNTRY", rank: 2),
            .prose("DETAIL"),
        ])
        table.append([
            "chtst01", "8", "Zürich", "1", "CH",
            "all is well there, and has been for as long as anybody knows",
        ])
        table.append(["nltst01", "12", nil, "20", "NL", "short"])
        return table
    }()

    // swift-format-ignore
    static let widths: [(Int?, [String])] = [
        (nil, ["POP      UP  CITY    ID  COUNTRY  DETAIL",
               "chtst01   8  Zürich   1  CH       all is well there, and has been for as long as anybody knows",
               "nltst01  12  -       20  NL       short"]),
        (80,  ["POP      UP  CITY    ID  COUNTRY  DETAIL",
               "chtst01   8  Zürich   1  CH       all is well there, and has been for as long as",
               "                                  anybody knows",
               "nltst01  12  -       20  NL       short"]),
        (64,  ["POP      UP  CITY    COUNTRY  DETAIL",
               "chtst01   8  Zürich  CH       all is well there, and has been",
               "                              for as long as anybody knows",
               "nltst01  12  -       NL       short"]),
        (50,  ["POP      UP  DETAIL",
               "chtst01   8  all is well there, and has been for",
               "             as long as anybody knows",
               "nltst01  12  short"]),
        // What must be there is there, however narrow the window.
        (10,  ["POP      UP  DETAIL",
               "chtst01   8  all is well there, and has been",
               "             for as long as anybody knows",
               "nltst01  12  short"]),
    ]

    @Test(arguments: widths)
    func leavesOutColumnsByImportance(_ width: Int?, _ lines: [String]) {
        let screen = Screen(width: width, height: nil, hasColour: false)

        #expect(Self.table.printedLines(on: screen).map(\.description) == lines)
    }

    @Test func saysWhichColumnsAreLeftOut() {
        func hint(_ width: Int?, hasColour: Bool = false) -> String? {
            Self.table.hint(on: Screen(width: width, height: nil, hasColour: hasColour))?.description
        }

        #expect(hint(nil) == nil)
        #expect(hint(80) == nil)
        #expect(hint(64) == "not shown: ID (a wider window or a pipe has them)")
        #expect(hint(50, hasColour: true) == "\u{1b}[2mnot shown: CITY, ID, COUNTRY\u{1b}[0m")
        #expect(hint(20) == "not shown: CITY, ID…")
        #expect(Self.table.text(on: .endless).description.contains("not shown") == false)
    }

    @Test func coloursWhatIsWrongOnScreensAlone() {
        var table = TextTable([.left("POP"), .left("REACHABLE")])
        table.append([TextTable.Cell("chtst01"), TextTable.Cell("yes")])
        table.append([TextTable.Cell("nl\u{1b}tst01", .doubtful), TextTable.Cell("NO", .bad)])
        let screen = Screen(width: 80, height: nil, hasColour: true)

        #expect(table.lines == ["POP       REACHABLE", "chtst01   yes", "nl?tst01  NO"])
        #expect(
            table.printedLines(on: screen).map(\.description).last
                == "\u{1b}[33mnl?tst01\u{1b}[0m  \u{1b}[31mNO\u{1b}[0m"
        )
        #expect(table.printedLines(on: screen)[1].description == "chtst01   yes")
    }

    // swift-format-ignore
    static let screens: [([String: String], Screen)] = [
        (["TERM": "xterm"],                                 Screen(width: 100, height: 30, hasColour: true)),
        (["TERM": "xterm", "COLUMNS": "60", "LINES": "10"], Screen(width: 60, height: 10, hasColour: true)),
        (["TERM": "xterm", "COLUMNS": "", "LINES": "x"],    Screen(width: 100, height: 30, hasColour: true)),
        (["TERM": "xterm", "NO_COLOR": "1"],                Screen(width: 100, height: 30, hasColour: false)),
        (["TERM": "xterm", "NO_COLOR": ""],                 Screen(width: 100, height: 30, hasColour: true)),
        (["TERM": "dumb"],                                  Screen(width: 100, height: 30, hasColour: false)),
        ([:],                                               Screen(width: 100, height: 30, hasColour: false)),
    ]

    @Test(arguments: screens)
    func looksAtTheTerminal(_ environment: [String: String], _ screen: Screen) {
        #expect(Screen(window: (100, 30), environment: environment) == screen)
    }

    @Test func doesNotLimitATerminalWithoutASize() {
        let screen = Screen(window: (0, 0), environment: ["TERM": "xterm"])

        #expect(screen == Screen(width: nil, height: nil, hasColour: true))
    }

    // swift-format-ignore
    @Test(arguments: [
        ("one two three", 7, ["one two", "three"]), ("one two three", 13, ["one two three"]),
        ("onetwothree", 4, ["onet", "woth", "ree"]), ("a onetwothree", 4, ["a", "onet", "woth", "ree"]), ("-", 4, ["-"]),
        ("", 4, [""]),
    ])
    func wrapsProse(_ text: String, _ width: Int, _ lines: [String]) { #expect(text.wrapped(to: width) == lines) }

    @Test(arguments: [
        ("abc", 3), ("Zürich", 6), ("Zu\u{308}rich", 6), ("東京", 4), ("서울", 4), ("🇨🇭", 2), ("👍🏽", 2),
        ("☂\u{fe0f}", 2), ("☂", 1), ("…", 1),
        ("", 0),
    ])
    func countsPlacesAsTerminalsDo(_ text: String, _ width: Int) { #expect(text.displayWidth == width) }

    @Test func noCellAndNoFieldLeavesItsLine() {
        var table = TextTable([.left("CITY"), .left("N")])
        table.append(["Os\u{1b}[31mlo\nX", "1"])
        table.append(["a\tb\u{202e}", "2"])

        #expect(table.lines == ["CITY         N", "Os?[31mlo X  1", "a b?         2"].map { $0 })
        #expect(FieldList([("City", "a\nb\u{9b}")]).text == "City  a b?")
    }

    @Test func printsJSONThatMovesNoCursorAndIsExact() throws {
        let value = ["a": "\u{1b}\u{7f}\u{202e}\u{2028}\0ü"]

        let text = try JSONText.pretty(value).description

        #expect(text == #"{\#n  "a" : "\u001b\u007f\u202e\u2028\u0000ü"\#n}"#)
        #expect(try JSONDecoder().decode([String: String].self, from: Data(text.utf8)) == value)
    }

    @Test(arguments: [
        (0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (10_240, "10 KiB"), (5 << 30, "5 GiB"),
    ])
    func writesOctets(_ count: Int, _ text: String) { #expect(HumanFormat.octets(count) == text) }

    @Test(arguments: [(0, "0 d 00:00"), (3660, "0 d 01:01"), (901 * 86400 + 6104, "901 d 01:41")])
    func writesUptimes(_ seconds: Int, _ text: String) { #expect(HumanFormat.uptime(seconds) == text) }

    @Test func neverWritesAPassword() throws {
        let password = try Password(parsing: "geheim")

        #expect("\(password)" == "set")
        #expect("\(TunnelEnd.ayiya(password))".contains("geheim") == false)
        #expect("\(String(reflecting: TunnelAmendment(password: password)))".contains("geheim") == false)
    }

    @Test func makesPasswordsOf32HexadecimalDigits() {
        let passwords = (0..<100).map { _ in Password.random().text }

        #expect(Set(passwords).count == 100)
        #expect(passwords.allSatisfy { $0.count == 32 && $0.allSatisfy(\.isHexDigit) })
    }

    @Test func alignsFields() {
        let list = FieldList([("Name", "chtst01"), ("Tunnel prefix", ""), ("Id", "1")])

        #expect(list.text == "Name           chtst01\nTunnel prefix  -\nId             1")
    }

    @Test func writesTheLineOfAuthorizedKeys() throws {
        let folder = try TemporaryFolder()
        try folder.write("\(Fixture.publicKey) somebody@somewhere\n", to: "key.pub")
        var pop = try Fixture.pop()
        pop.ssh.keyFile = folder.path("key")

        let line = try AuthorizedKey(for: pop).line

        #expect(
            line == "restrict,port-forwarding,permitopen=\"127.0.0.1:42003\",command=\"/bin/false\" "
                + "\(Fixture.publicKey) sixxs-central"
        )
    }

    @Test func computesFingerprintsAsSSHKeygenDoes() throws {
        #expect(
            try HostKey(parsing: Fixture.publicKey).fingerprint == Fixture.fingerprint
        )
    }

    /// All commands, each with its words.
    private static func commands(
        of command: any ParsableCommand.Type = SixxsCentral.self,
        _ words: [String] = []
    ) -> [(words: [String], command: any ParsableCommand.Type)] {
        let children = command.configuration.subcommands
        return [(words, command)]
            + children.flatMap { Self.commands(of: $0, words + [$0._commandName]) }
    }

    @Test func givesExamplesThatFitATerminalAndCanBePasted() {
        for (words, command) in Self.commands() where command.configuration.shouldDisplay {
            let lines = command.configuration.discussion.split(separator: "\n")
            let examples = lines.filter { $0.hasPrefix("  ") }
            #expect(examples.allSatisfy { $0.count <= 78 }, "\(words): \(examples.filter { $0.count > 78 })")
            guard command.configuration.subcommands.isEmpty else { continue }
            let name = (["sixxs-central"] + words).joined(separator: " ")
            #expect(examples.contains { $0.contains(name) }, "no example of \(name)")
        }
    }

    /// Command lines that are wrong, and the words that say so.
    static let mistakes: [([String], String)] = [
        (
            ["pop", "add", "chtst1", "--id", "1", "--ipv4", "192.0.2.1", "--ipv6", "2001:db8::1"],
            "expected a PoP name of five"
        ),
        (
            ["pop", "add", "chtst01", "--id", "0", "--ipv4", "192.0.2.1", "--ipv6", "2001:db8::1"],
            "expected a PoP id from 1 to 4095"
        ),
        (["pop", "set", "chtst01"], "Give something to change"),
        (["tunnel", "add", "chtst01", "--type", "gre"], "expected static, heartbeat or ayiya"),
        (["tunnel", "add", "chtst01", "--type", "static"], "give it with --endpoint"),
        (
            ["tunnel", "add", "chtst01", "--type", "static", "--endpoint", "127.0.0.1"],
            "the address of one host"
        ),
        (["tunnel", "add", "chtst01", "--type", "ayiya", "--endpoint", "9.9.9.9"], "leave out --endpoint"),
        (
            ["tunnel", "add", "chtst01", "--type", "ayiya", "--mtu", "1500"],
            "expected an MTU from 1280 to 1480"
        ),
        (["tunnel", "show", "12"], "expected a tunnel number such as T5072"),
        (["tunnel", "set", "T1", "--owner", "jdoe", "--no-owner"], "Give --owner or --no-owner, not both"),
        (["tunnel", "set", "T1", "--user-enable", "--user-disable"], "not both"),
        (["user", "add", "1x"], "expected a handle of 2 to 32 letters"),
        (["user", "set", "jdoe"], "Give something to change"),
        (["pop", "set", "chtst01", "--poll", "59"], "expected a poll interval in seconds from 60 to 86400"),
        (["prefix", "add", "chtst01", "tunnel", "2001:db8::1/48"], "2001:db8::/48"),
        (["tunnel", "list", "--type", "gre"], "expected static, heartbeat or ayiya"),
        (["tunnel", "list", "--enabled", "--disabled"], "not both"),
        (["tunnel", "list", "--down", "--disabled"], "leave out --enabled and --disabled"),
        (["tunnel", "list", "chtst01", "--pop", "nltst01"], "Name one PoP"),
        (["tunnel", "disable"], "Missing expected argument"),
        (["tunnel", "disable", "T1", "x"], "expected a tunnel number"),
        (["pop", "list", "--enabled", "--disabled"], "not both"),
        (["whose", "nobody"], "expected an address such as 192.0.2.1"),
        (["hold", "chtst01"], "Missing expected argument '--because"),
        (["hold", "chtst01", "--because", " "], "expected a reason"),
        (["acknowledge", "chtst01"], "Say until when and why"),
        (["acknowledge", "chtst01", "--withdraw", "--because", "x"], "leave out --until and --because"),
        (["acknowledge", "chtst01", "--until", "soon", "--because", "x"], "expected a time such as 2h"),
        (["unhold"], "Name the PoPs, or give --all"),
        (["stats", "T1", "--by", "owner"], "not both"),
        (["stats", "--peers"], "--peers goes with a PoP"),
        (["stats", "T1", "--peers"], "--peers goes with a PoP"),
        (["stats", "chtst01", "--peers", "--last", "3"], "--peers goes with a PoP"),
        (["stats", "--by", "pop", "--last", "3"], "say --since for how long"),
        (["stats", "--top", "3"], "Say what to add up by"),
        (["stats", "--by", "colour"], "'--by"),
        (["serve", "--interval", "0"], "expected seconds from 1 to 86400"),
    ]

    @Test(arguments: mistakes)
    func saysWhatACommandLineLacks(_ words: [String], _ message: String) {
        let error = #expect(throws: (any Error).self) { _ = try SixxsCentral.parseAsRoot(words) }

        #expect(error.map { SixxsCentral.fullMessage(for: $0).contains(message) } == true)
    }
}
