import Foundation
import Testing
import Wire

@testable import Central

@Suite("Importing")
struct ImportTests {
    /// Files of before have no columns behind these.
    private static let header = TransferTunnel.keys.prefix(11).joined(separator: ",") + "\n"

    /// Imports a file as the command does.
    @discardableResult
    private static func importing(
        _ fleet: TransferFleet,
        into store: SQLiteStore,
        passwords: ImportPlan.PasswordPolicy = .refuse
    ) async throws -> ImportPlan {
        let plan = try ImportPlan(
            fleet,
            into: try await store.registry.numberedSnapshot(),
            passwords: passwords
        )
        try await store.registry.apply(plan.changes, by: "importer")
        return plan
    }

    private static func csv(_ lines: String...) throws -> TransferFleet {
        try TransferFleet(csv: Array((Self.header + lines.joined(separator: "\n")).utf8), file: "t.csv")
    }

    private static func problems(_ body: () async throws -> Void) async -> [String] {
        do {
            try await body()
            return []
        } catch let error as TransferError {
            return error.problems.map(\.description)
        } catch {
            return ["\(error)"]
        }
    }

    /// What spreadsheets make of a file.
    @Test(arguments: [
        "\u{feff}pop;type;endpoint;mtu\r\nchtst01;static;198.51.100.9;1480\r\n;;;\r\n",
        "sep=;\r\nPoP;Type;Endpoint;MTU;;\r\nchtst01 ;STATIC;198.51.100.9\u{a0}; 1480;;\r\n;;;;;\r\n",
        "pop\ttype\tendpoint\tmtu\nchtst01\tstatic\t198.51.100.9\t1480\n\t\t\t",
        "pop,type,endpoint,mtu\n\n  ,,,\n\"chtst01 \",static,\"198.51.100.9\",1480\n",
    ])
    func readsWhatSpreadsheetsMakeOfIt(_ text: String) throws {
        let fleet = try TransferFleet(
            csv: Array(text.replacing("STATIC", with: "static").utf8),
            file: "t.csv"
        )

        #expect(fleet.tunnels.count == 1)
        #expect(fleet.tunnels.first?.endpoint == .ipv4(IPv4Address(198, 51, 100, 9)))
        #expect(fleet.tunnels.first?.mtu == 1480)
    }

    @Test func saysWhatIsNotReadInWordsThatHelp() async throws {
        let utf16: [UInt8] = [0xff, 0xfe, 0x70, 0x00]
        #expect(
            await Self.problems { _ = try TransferFleet(csv: utf16, file: "t.csv") } == [
                "t.csv:1:1: expected UTF-8 text, found UTF-16: save the file as UTF-8"
            ]
        )
        for (json, found) in [
            ("", "something that is not JSON"), ("null", "null"), ("{\"format\": null}", "no format"),
            ("\u{feff}{}", "no format"),
        ] {
            let problems = await Self.problems {
                _ = try TransferFleet(json: Array(json.utf8), file: "t.json")
            }
            #expect(problems.count == 1)
            #expect(
                problems.first?.contains("expected what export writes, found ") == true,
                "\(problems) \(found)"
            )
        }
    }

    @Test func noHiddenPasswordIsImported() async throws {
        let problems = await Self.problems { _ = try Self.csv("T41,chtst01,,,ayiya,,,,,<hidden>,") }

        #expect(
            problems == [
                "t.csv:2:25: password: expected the password itself, found <hidden>, which stands where a password is not shown"
            ]
        )
    }

    @Test func takesOverTunnelsWithWhatTheirLinesSay() async throws {
        let test = try await TestStore(Fixture.registry())

        try await Self.importing(
            Self.csv(
                "T41,chtst01,1f,,static,198.51.100.9,1480,no,yes,,2001:db8:201:300::/56 2001:db8:1001::/48",
                ",chtst01,,,ayiya,,,,no,geheim2,"
            ),
            into: test.store
        )

        let snapshot = try await test.store.registry.snapshot(of: .fleet)
        let first = try #require(snapshot.tunnel(Fixture.number(41)))
        let second = try #require(snapshot.tunnel(Fixture.number(42)))
        #expect(first.tid == TID(rawValue: 0x1f))
        #expect(first.end == .fixed(.ipv4(IPv4Address(198, 51, 100, 9))))
        #expect((first.mtu, first.isEnabled, first.isUserEnabled) == (1480, false, true))
        #expect(snapshot.subnets.filter { $0.tunnel == first.number }.count == 2)
        #expect(second.tid == TID(rawValue: 2))
        #expect(second.end == .ayiya(try Password(parsing: "geheim2")))
        #expect((second.mtu, second.isEnabled, second.isUserEnabled) == (1280, true, false))
    }

    @Test func passesOverWhatIsThereAlready() async throws {
        let test = try await TestStore(Fixture.registry())
        let lines = try Self.csv("T41,chtst01,1f,,ayiya,,1480,yes,yes,a,2001:db8:1001::/48")
        try await Self.importing(lines, into: test.store)
        let before = try await test.store.registry.snapshot(of: .fleet)

        let plan = try await Self.importing(lines, into: test.store)

        #expect(plan.changes.isEmpty)
        #expect(plan.unchanged == 2)
        #expect(try await test.store.registry.snapshot(of: .fleet) == before)
    }

    @Test func givesNoPlaceThatALaterLineWants() async throws {
        let test = try await TestStore(Fixture.registry())

        try await Self.importing(
            Self.csv(",chtst01,,,ayiya,,,,,,", ",chtst01,2,,ayiya,,,,,,"),
            into: test.store
        )

        let tids = try await test.store.registry.snapshot(of: .fleet).tunnels.map(\.tid.rawValue)
        #expect(tids == [0, 1, 2, 3])
    }

    /// Lines of a file, and what is wrong with each.
    static let mistakes: [(line: String, problem: String)] = [
        ("T9,chtst01,zz,,ayiya,,,,,,", "2:12: tid: expected a tid, hexadecimal, 0 to 1fff, found \"zz\""),
        ("T9,,,,ayiya,,,,,,", "2:4: pop: expected a PoP name such as chtst01, found nothing"),
        ("T9,chtst01,,,gre,,,,,,", "2:14: type: expected static, heartbeat or ayiya, found \"gre\""),
        (
            "T9,chtst01,,,static,,,,,,",
            "2:21: endpoint: expected the address of a static tunnel, found nothing"
        ),
        (
            "T9,chtst01,,,ayiya,192.0.2.9,,,,,",
            "2:20: endpoint: expected none for a tunnel of type ayiya, found 192.0.2.9"
        ),
        (
            "T9,chtst01,,,static,198.51.100.9,,,,geheim,",
            "2:37: password: expected none for a static tunnel, found one"
        ),
        ("T9,chtst01,,,ayiya,,1500,,,,", "2:21: mtu: expected an MTU from 1280 to 1480, found \"1500\""),
        ("T9,chtst01,,,ayiya,,,perhaps,,,", "2:22: enabled: expected yes or no, found \"perhaps\""),
        (
            "T9,chtst01,,,ayiya,,,,,sehr geheim,",
            "2:24: password: expected a password of 1 to 132 octets without blanks and control characters, found one of 11 octets"
        ),
        ("T9,chtst01,,,ayiya", "2:1: expected 11 fields, found 5"),
        (
            "T2,chtst01,,,ayiya,,,,,,",
            "2:1: expected T2 with type static, as the registry has it, found ayiya"
        ),
        (
            "T1,chtst01,,,ayiya,,,,,anderes,",
            "2:1: expected T1 with the same password (--take-passwords takes those of the file), found another"
        ),
        (
            "T9,chtst01,,jdoe,ayiya,,,,,,",
            "2:1: owner: expected a user of the registry (add it with sixxs-central user add jdoe), found jdoe"
        ),
        ("T9,chtst01,1,,ayiya,,,,,,", "2:1: tid: expected a free tid of chtst01, found 1, which T2 has"),
        (
            "T9,chtst01,,,static,198.51.100.7,,,,,",
            "2:1: endpoint: expected an endpoint that no tunnel of chtst01 has, found 198.51.100.7, which T2 has"
        ),
        (
            "T3,chtst01,,,ayiya,,,,,,",
            "2:1: tunnel: expected a number that was never given, found T3, which was removed: numbers are never used twice"
        ),
        (
            "T9,chtst09,,,ayiya,,,,,,",
            "2:1: pop: expected a PoP of the registry (add it with sixxs-central pop add chtst09), found chtst09"
        ),
        (
            "T9,chtst01,,,ayiya,,,,,,2001:db8:201::/56",
            "2:25: subnets: expected a free subnet of chtst01, found 2001:db8:201::/56, which T1 has"
        ),
        (
            "T9,nltst01,,,ayiya,,,,,,2001:db8:201:100::/56",
            "2:25: subnets: expected none, since nltst01 has no subnet prefix, found 2001:db8:201:100::/56"
        ),
    ]

    /// One for all: what is refused leaves no trace.
    private static let shared = Task {
        let test = try await TestStore(Fixture.registry())
        let new = NewTunnel(pop: try Fixture.name(), end: .ayiya(.random()))
        try await test.store.registry.apply(
            [.addTunnel(new), .removeTunnel(Fixture.number(3))],
            by: "tester"
        )
        return test
    }

    @Test(arguments: mistakes)
    func saysWhatALineLacks(_ line: String, _ problem: String) async throws {
        let test = try await Self.shared.value

        let problems = await Self.problems { try await Self.importing(Self.csv(line), into: test.store) }

        #expect(problems == ["t.csv:\(problem)"])
    }

    @Test func leavesNumbersForThoseThatCome() async throws {
        let test = try await TestStore(Fixture.registry())

        let problems = await Self.problems {
            try await Self.importing(
                Self.csv("T4294967295,chtst01,,,ayiya,,,,,,", ",chtst01,,,ayiya,,,,,,"),
                into: test.store
            )
        }

        #expect(
            problems == ["t.csv:2:1: tunnel: expected a number up to T999999999, found T4294967295"]
        )
    }

    @Test func saysTheLineOfAnEndpointThatIsTheFleetsOwn() async throws {
        let test = try await TestStore(Fixture.registry())

        let problems = await Self.problems {
            try await Self.importing(
                Self.csv("T50,chtst01,,,static,192.0.2.1,,,,,", "T51,chtst01,,,static,198.51.100.77,,,,,"),
                into: test.store
            )
        }

        #expect(
            problems == [
                "t.csv:2:1: endpoint: expected an address of the user's, found 192.0.2.1, PoP chtst01's own"
            ]
        )
    }

    @Test func inventsNoPasswordForAnExportWithoutSecrets() async throws {
        let source = try await TestStore(Fixture.registry())
        let snapshot = try await source.store.registry.snapshot(of: .fleet)
        func document(_ secrets: TransferDocument.SecretPolicy) throws -> TransferFleet {
            let document = TransferDocument(snapshot, only: nil, secrets: secrets)
            return try TransferFleet(json: Array(JSONEncoder().encode(document)), file: "t.json")
        }
        let target = try await TestStore()

        let problems = await Self.problems { try await Self.importing(document(.hidden), into: target.store) }
        try await Self.importing(document(.written), into: target.store)

        #expect(!problems.isEmpty)
        #expect(problems.allSatisfy { $0.contains("export it with --secrets") }, "\(problems)")
        #expect(
            try await target.store.registry.snapshot(of: .fleet).tunnels.map(\.end)
                == snapshot.tunnels.map(\.end)
        )
        // Where the tunnels are there already, nothing is missing.
        try await Self.importing(document(.hidden), into: source.store)
    }

    @Test func refusesColumnsThatNobodyKnows() async {
        let problems = await Self.problems {
            _ = try TransferFleet(csv: Array("tunnel,pop,colour,pop\n".utf8), file: "t.csv")
        }

        #expect(problems.count == 3)
        #expect(problems.contains("t.csv:1:1: type: expected a column of that name, found none"))
        #expect(problems.contains { $0.hasPrefix("t.csv:1:12: expected one of the columns tunnel, pop,") })
        #expect(problems.contains("t.csv:1:19: pop: expected a column once, found it again"))
    }

    @Test func knowsTunnelsByTheirPlaceOrEndpointWhereTheFileHasNoNumbers() async throws {
        let test = try await TestStore(Fixture.registry())
        let lines = [
            ",chtst01,80,,ayiya,,,,,,", ",chtst01,,,static,203.0.113.77,,,,,",
            ",chtst01,81,,static,203.0.113.78,,,,,",
        ]
        let first = try await Self.importing(try Self.csv(lines[0], lines[1], lines[2]), into: test.store)
        let again = try await Self.importing(try Self.csv(lines[2], lines[0], lines[1]), into: test.store)
        #expect(first.changes.count == 3 && first.unchanged == 0)
        #expect(again.changes.isEmpty && again.unchanged == 3)

        // What says something else of the same place or endpoint is an error still.
        let others = await Self.problems {
            try await Self.importing(
                try Self.csv(",chtst01,80,,heartbeat,,,,,,", ",chtst01,81,,static,203.0.113.77,,,,,"),
                into: test.store
            )
        }
        #expect(others.count == 3 && others.allSatisfy { $0.contains(", which T") }, "\(others)")
    }

    @Test func namesTheLineOfATunnelThatHasNoNumberYet() async throws {
        let test = try await TestStore(Fixture.registry())
        let problems = await Self.problems {
            try await Self.importing(
                try Self.csv(",chtst01,50,,ayiya,,,,,,", ",chtst01,50,,ayiya,,,,,,"),
                into: test.store
            )
        }
        #expect(
            problems == [
                "t.csv:3:1: tid: expected a free tid of chtst01, found 50, which the tunnel at t.csv:2:1 has"
            ]
        )
    }

    @Test func listsTwentyProblemsAndCountsTheRest() async {
        let lines = Array(repeating: "T9,chtst01,zz,,ayiya,,,,,,", count: 23).joined(separator: "\n")

        let error = #expect(throws: TransferError.self) { try Self.csv(lines) }

        let shown = error?.description.split(separator: "\n") ?? []
        #expect(shown.count == 22)
        #expect(shown.first == "nothing was imported, since 23 things are wrong")
        #expect(shown.last == "… and 3 more")
    }

    @Test func takesPasswordsOverWhenToldTo() async throws {
        let test = try await TestStore(Fixture.registry())
        let line = try Self.csv("T1,chtst01,,,ayiya,,,,,anderes,")

        try await Self.importing(line, into: test.store, passwords: .take)

        let tunnel = try await test.store.registry.snapshot(of: .fleet).tunnel(Fixture.number(1))
        #expect(tunnel?.end == .ayiya(try Password(parsing: "anderes")))
    }
}

@Suite("Importing a historic configuration")
struct ConfigurationImportTests {
    private static let text = """
        pop
        \tset
        \t\tdetails 1 chtst01 192.0.2.1 2001:db8::1
        \t\tid 1
        \t\tbeat-timeout 120
        \tend
        \ttunnelprefix add 2001:db8:101::/48
        \tsubnetprefix add 2001:db8:1000::/40
        end
        tunnel
        \tset
        \t\tconfig 5 T5072 ayiya up 1428 geheim alt until 2027-01-31T12:00:00Z
        \t\tconfig 1f T7 198.51.100.9 disabled 1480
        \tend
        end
        subnet
        \tset
        \t\tconfig 2001:db8:1001::/48 5 static
        \tend
        end

        """

    private static func fleet(_ text: String = Self.text, of pop: PoP) throws -> TransferFleet {
        try TransferFleet(configuration: Array(text.utf8), file: "old.conf", of: pop)
    }

    @Test func bringsPrefixesTunnelsAndSubnets() async throws {
        let test = try await TestStore([.addPoP(Fixture.pop())])
        let fleet = try Self.fleet(of: Fixture.pop())

        let plan = try ImportPlan(
            fleet,
            into: try await test.store.registry.numberedSnapshot(),
            passwords: .refuse
        )
        try await test.store.registry.apply(plan.changes, by: "importer")

        let rendered = ConfigurationRenderer(try await test.store.registry.snapshot(of: .fleet))
            .configuration(of: 1)
        var expected = try Configuration(parsing: Self.text, file: "old.conf")
        expected.pop.beatTimeout = PoPSettings().beatTimeout
        expected.tunnels[0].retiredPassword = nil
        #expect(rendered.canonicalText == expected.canonicalText)
        #expect(fleet.notes.contains { $0.contains("beat-timeout 120") })
        #expect(fleet.notes.contains("1 second password is left out: the first of each tunnel is taken"))
    }

    @Test func changesNothingTheSecondTime() async throws {
        let test = try await TestStore([.addPoP(Fixture.pop())])
        let fleet = try Self.fleet(of: Fixture.pop())
        let first = try ImportPlan(
            fleet,
            into: try await test.store.registry.numberedSnapshot(),
            passwords: .refuse
        )
        try await test.store.registry.apply(first.changes, by: "importer")

        let second = try ImportPlan(
            fleet,
            into: try await test.store.registry.numberedSnapshot(),
            passwords: .refuse
        )

        #expect(second.changes.isEmpty)
        #expect(second.unchanged == 5)
    }

    @Test func namesTheLineOfAConflict() async throws {
        let test = try await TestStore([
            .addPoP(Fixture.pop()), .addPrefix(Fixture.prefix("2001:db8:101::/48"), .tunnel, Fixture.name()),
            .addTunnel(
                NewTunnel(
                    pop: try Fixture.name(),
                    end: .ayiya(.random()),
                    tid: TID(rawValue: 0x1f),
                    number: try Fixture.number(3)
                )
            ),
        ])
        let fleet = try Self.fleet(of: Fixture.pop())
        let present = try await test.store.registry.numberedSnapshot()

        let error = #expect(throws: TransferError.self) {
            try ImportPlan(fleet, into: present, passwords: .refuse)
        }

        #expect(
            error?.problems.map(\.description) == [
                "old.conf:13: tid: expected a free tid of chtst01, found 1f, which T3 has"
            ]
        )
    }

    @Test func refusesTheFileOfAnotherPoP() throws {
        let pop = try Fixture.pop(2, "nltst01")

        let error = #expect(throws: TransferError.self) { try Self.fleet(of: pop) }

        #expect(error?.description.contains("found that of chtst01 with id 1") == true)
    }

    @Test func refusesATextThatIsWrongWithItsLine() throws {
        let pop = try Fixture.pop()

        let error = #expect(throws: ConfigurationError.self) {
            try Self.fleet(Self.text.replacingOccurrences(of: "1480", with: "1500"), of: pop)
        }

        #expect(error?.line == 13)
    }
}
