import Foundation
import Streams
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("Many at once")
struct ManyAtOnceTests {
    private static func numbers(_ numbers: UInt32...) throws -> [TunnelNumber] {
        try numbers.map { try Fixture.number($0) }
    }

    @Test func changesAllTunnelsOrNone() async throws {
        let test = try await TestStore(Fixture.registry())
        let centre = Centre(test)
        let disable = TunnelAmendment(isEnabled: false)

        let changed = try await AmendTunnels(Self.numbers(2, 1), disable).run(in: centre)
        let refused = await #expect(throws: RegistryError.self) {
            try await RemoveTunnels(Self.numbers(2, 1)).run(in: centre)
        }
        let unknown = await #expect(throws: RegistryError.self) {
            try await AmendTunnels(Self.numbers(1, 9), disable).run(in: centre)
        }

        #expect(
            changed.map(\.document.tunnel) == ["T2", "T1"] && changed.allSatisfy { !$0.document.enabled }
        )
        #expect(refused?.description == "T1 has 1 subnet: remove them first; nothing was changed")
        #expect(unknown?.description.hasSuffix("shows those there are; nothing was changed") == true)
        #expect(try await test.store.registry.snapshot(of: .fleet).tunnels.count == 2)
        let removed = try await RemoveTunnels(Self.numbers(2)).run(in: centre)
        #expect(removed.map(\.endpoint) == ["198.51.100.7"])
    }

    @Test func saysWhatWasSoAlready() async throws {
        let test = try await TestStore(Fixture.registry())
        let centre = Centre(test)
        let numbers = try Self.numbers(1, 2)

        _ = try await AmendTunnels(Self.numbers(1), TunnelAmendment(mtu: 1300)).run(in: centre)
        let some = try await AmendTunnels(numbers, TunnelAmendment(mtu: 1300)).run(in: centre)
        let revision = try await test.store.registry.snapshot(of: .fleet).revision
        let none = try await AmendTunnels(numbers, TunnelAmendment(mtu: 1300)).run(in: centre)
        let pop = try await AmendTogether([.amendPoP(Fixture.name(), PoPAmendment(city: "Bern"))])

        #expect(some.map(\.isChanged) == [false, true])
        #expect(none.map(\.isChanged) == [false, false])
        #expect(try await test.store.registry.snapshot(of: .fleet).revision == revision)
        #expect(try await pop.run(in: centre).map(\.isChanged) == [true])
        #expect(try await pop.run(in: centre).map(\.isChanged) == [false])
    }

    @Test func givesEachTunnelAPasswordOfItsOwn() async throws {
        let test = try await TestStore(Fixture.registry())
        let centre = Centre(test)
        let new = NewTunnel(pop: try Fixture.name(), end: .ayiya(.random()), number: try Fixture.number(7))
        try await ChangeRegistry(.addTunnel(new)).run(in: centre)

        let changed = try await AmendTunnels(Self.numbers(1, 7), TunnelAmendment(), password: .random).run(
            in: centre
        )

        let passwords = changed.compactMap(\.newPassword?.text)
        #expect(passwords.count == 2 && Set(passwords).count == 2)
        let tunnels = try await test.store.registry.snapshot(of: .fleet).tunnels
        #expect(Set(tunnels.compactMap(\.end.password?.text)) == Set(passwords))
    }

    @Test func movesAllTunnelsOrNone() async throws {
        let test = try await TestStore(Fixture.registry())
        let centre = Centre(test)

        let refused = await #expect(throws: RegistryError.self) {
            // T1 has a subnet.
            _ = try await MoveTunnels(Self.numbers(2, 1), to: Fixture.name("nltst01")).run(in: centre)
        }

        #expect(refused?.description.hasSuffix("; nothing was changed") == true)
        #expect(try await test.store.registry.snapshot(of: .fleet).tunnels.map(\.popID) == [1, 1])
        _ = try await RemoveSubnets([Fixture.prefix("2001:db8:201::/56")]).run(in: centre)
        let moved = try await MoveTunnels(Self.numbers(2, 1), to: Fixture.name("nltst01")).run(in: centre)
        #expect(moved.map(\.tunnel) == ["T2", "T1"] && moved.map(\.pop) == ["nltst01", "nltst01"])
    }

    @Test func takesSubnetsBackTogether() async throws {
        let test = try await TestStore(Fixture.registry())
        let centre = Centre(test)
        let added = try await AddSubnet(nil, to: Fixture.number(2)).run(in: centre)
        let prefixes = try ["2001:db8:201::/56", added.prefix].map { try Fixture.prefix($0) }

        let removed = try await RemoveSubnets(prefixes).run(in: centre)

        #expect(removed.map(\.tunnel) == ["T1", "T2"])
        #expect(try await ListSubnets().run(in: centre).isEmpty)
    }

    @Test(arguments: [
        ("T1 T2\nT3,T4\n", ["T1", "T2", "T3", "T4"]), ("", []), (" \n", []), ("T1\r\nT2", ["T1", "T2"]),
    ])
    func readsNamesFromStandardInput(_ text: String, _ expected: [String]) throws {
        let found = try NamedThings.values(on: Array(text.utf8), Parsers.tunnel)

        #expect(found.map(\.description) == expected)
    }

    @Test func saysWhichWordOfStandardInputIsNoName() {
        let error = #expect(throws: (any Error).self) {
            try NamedThings.values(on: Array("T1 x2".utf8), Parsers.tunnel)
        }

        #expect(error.map { "\($0)" }?.contains("standard input: expected a tunnel number") == true)
    }

    @Test func namesEachThingOnceAndOnlyAFewInASentence() throws {
        let few = try NamedThings([.value("a"), .value("b"), .value("a")]) { $0 }
        let many = try NamedThings((1...20).map { .value("n\($0)") }) { $0 }

        #expect(few.all == ["a", "b"] && few.words == "a, b")
        #expect(many.words == "n1, n2, n3, n4, n5, n6, n7, n8 and 12 more")
    }

    /// A filter and the tunnels that it takes of the fixture's, where T2 is disabled and T1 is jdoe's.
    static let filters: [(TunnelFilter, [String])] = [
        (TunnelFilter(), ["T1", "T2"]), (TunnelFilter(type: .ayiya), ["T1"]),
        (TunnelFilter(type: .heartbeat), []),
        (TunnelFilter(isEnabled: true), ["T1"]), (TunnelFilter(isEnabled: false), ["T2"]),
        (TunnelFilter(pop: try? Fixture.name("nltst01")), []),
        (TunnelFilter(pop: try? Fixture.name()), ["T1", "T2"]),
        (TunnelFilter(owner: try? UserHandle(parsing: "JDOE")), ["T1"]),
        (TunnelFilter(owner: try? UserHandle(parsing: "jdoe"), type: .static), []),
    ]

    @Test(arguments: filters)
    func listsWhatAFilterTakes(_ filter: TunnelFilter, _ expected: [String]) async throws {
        let test = try await TestStore(Fixture.registry())
        let jdoe = try UserHandle(parsing: "jdoe")
        try await test.store.registry.apply(
            [
                .addUser(jdoe, UserAmendment()), .addUser(try UserHandle(parsing: "idle"), UserAmendment()),
                .amendTunnel(try Fixture.number(1), TunnelAmendment(owner: .user(jdoe))),
                .amendTunnel(try Fixture.number(2), TunnelAmendment(isUserEnabled: false)),
            ],
            by: "t"
        )
        let centre = Centre(test)

        #expect(try await ListTunnels(filter).run(in: centre).map(\.tunnel) == expected)
        #expect(
            try await ListSubnets(filter).run(in: centre).map(\.tunnel) == expected.filter { $0 == "T1" }
        )
        let owners = try await ListUsers(filter).run(in: centre).map(\.user.handle.description)
        #expect(owners == (filter.isEmpty ? ["idle", "jdoe"] : expected.contains("T1") ? ["jdoe"] : []))
    }

    @Test func refusesFiltersThatNameNothing() async throws {
        let centre = Centre(try await TestStore(Fixture.registry()))
        let filters = [
            TunnelFilter(pop: try Fixture.name("xxxxx00")),
            TunnelFilter(owner: try UserHandle(parsing: "nobody")),
        ]
        for filter in filters {
            await #expect(throws: RegistryError.self) { try await ListTunnels(filter).run(in: centre) }
        }
        await #expect(throws: RegistryError.self) {
            try await ListPrefixes(of: Fixture.name("xxxxx00"), nil).run(in: centre)
        }
    }

    @Test func namesTheUserWhoWasPerhapsMeant() async throws {
        let test = try await TestStore([.addUser(try UserHandle(parsing: "jdoe"), UserAmendment())])

        for (handle, advice) in [("jode", "did you mean jdoe?"), ("asmith", "sixxs-central user list")] {
            let error = await #expect(throws: RegistryError.self) {
                try await ShowUser(UserHandle(parsing: handle)).run(in: Centre(test))
            }
            #expect(error?.description.contains("there is no user \(handle); \(advice)") == true)
        }
    }

    @Test func listsPoPsAndPrefixes() async throws {
        let test = try await TestStore(Fixture.registry())
        try await test.store.registry.apply(
            [
                .amendPoP(
                    try Fixture.name("nltst01"),
                    PoPAmendment(country: "NL", isEnabled: false, isCanary: true)
                )
            ],
            by: "t"
        )
        let centre = Centre(test)
        func names(_ filter: PoPFilter) async throws -> [String] {
            try await ListPoPs(filter).run(in: centre).map(\.name.description)
        }

        #expect(try await names(PoPFilter()) == ["chtst01", "nltst01"])
        #expect(try await names(PoPFilter(isEnabled: true)) == ["chtst01"])
        #expect(try await names(PoPFilter(isEnabled: false, isCanary: true, country: "NL")) == ["nltst01"])
        let subnets = try await ListPrefixes(of: Fixture.name(), .subnet).run(in: centre)
        #expect(subnets.map(\.prefix) == ["2001:db8:201::/48", "2001:db8:1000::/40"])
    }
}
