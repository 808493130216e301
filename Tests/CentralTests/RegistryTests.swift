import Foundation
import GRDB
import Testing
import Wire

@testable import Central

@Suite("The registry")
struct RegistryTests {
    @Test func givesTheLowestFreeTID() async throws {
        let test = try await TestStore(Fixture.registry())
        let name = try Fixture.name()
        let new = NewTunnel(pop: name, end: .heartbeat(.random()))
        try await test.store.registry.apply(
            [.removeSubnet(Fixture.prefix("2001:db8:201::/56")), .removeTunnel(Fixture.number(1))],
            by: "tester"
        )

        let results = try await test.store.registry.apply([.addTunnel(new), .addTunnel(new)], by: "tester")

        let tunnels = results.compactMap { if case .tunnel(let tunnel) = $0 { tunnel } else { nil } }
        #expect(tunnels.map(\.tid.rawValue) == [0, 2])
        #expect(tunnels.map(\.number.rawValue) == [3, 4])
        #expect(tunnels.map(\.mtu) == [1280, 1280])
    }

    /// é as one character and as two: equal as texts, but not to who signs with them or reads them.
    @Test func changesASpellingThatIsEqualAsText() async throws {
        let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
        let test = try await TestStore(Fixture.registry())
        let (number, name) = (try Fixture.number(1), try Fixture.name())
        func amend(_ text: String) async throws -> Int64 {
            try await test.store.registry.apply(
                [
                    .amendTunnel(number, TunnelAmendment(password: Password(parsing: text))),
                    .amendPoP(name, PoPAmendment(city: text)),
                ],
                by: "tester"
            )
            return try await test.store.registryFile.read { database in
                try Int64.fetchOne(database, sql: "SELECT count(*) FROM audit") ?? 0
            }
        }
        let first = try await amend(composed)

        let second = try await amend(decomposed)

        let snapshot = try await test.store.registry.snapshot(of: .fleet)
        let stored = try #require(snapshot.tunnel(number)?.end.password)
        #expect(second == first + 2, "both changes are written down")
        #expect(stored.secret.octets == Array(decomposed.utf8))
        #expect(snapshot.pop(named: name)?.city.exactOctets == Array(decomposed.utf8))
        let settings = ConfigurationRenderer(snapshot).configuration(of: 1).tunnels.first
        #expect(settings?.password == TunnelPassword(decomposed))
    }

    @Test func neverGivesANumberTwice() async throws {
        let test = try await TestStore(Fixture.registry())
        let name = try Fixture.name()
        let new = NewTunnel(pop: name, end: .heartbeat(.random()))
        try await test.store.registry.apply([.removeTunnel(Fixture.number(2))], by: "tester")

        let results = try await test.store.registry.apply([.addTunnel(new)], by: "tester")

        guard case .tunnel(let tunnel) = try #require(results.first) else { return }
        #expect(tunnel.number == (try Fixture.number(3)))
    }

    @Test func delegatesTheLowestFreeSubnet() async throws {
        let test = try await TestStore(Fixture.registry())
        let number = try Fixture.number(2)
        try await test.store.registry.apply(
            [.addSubnet(Fixture.prefix("2001:db8:201:100::/56"), number)],
            by: "tester"
        )

        let results = try await test.store.registry.apply([.addSubnet(nil, number)], by: "tester")

        #expect(
            results == [.subnet(Subnet(prefix: try Fixture.prefix("2001:db8:201:200::/56"), tunnel: number))]
        )
    }

    @Test func saysWhenAPoPIsFull() async throws {
        let test = try await TestStore(Fixture.registry())
        try await test.store.registryFile.write { database in
            try database.execute(
                sql: """
                    WITH RECURSIVE tids (tid) AS (SELECT 2 UNION ALL SELECT tid + 1 FROM tids WHERE tid < 8191)
                    INSERT INTO tunnel (popID, tid, type, mtu, password, enabled, created, changed)
                    SELECT 1, tid, 'ayiya', 1280, 'a', 1, 0, 0 FROM tids
                    """
            )
        }

        let error = await #expect(throws: RegistryError.self) {
            try await test.store.registry.apply(
                [.addTunnel(NewTunnel(pop: Fixture.name(), end: .ayiya(.random())))],
                by: "tester"
            )
        }

        #expect(error?.description == "chtst01 is full: it has 8192 tunnels")
    }

    @Test func makesAllChangesOrNone() async throws {
        let test = try await TestStore(Fixture.registry())
        let before = try await test.store.registry.snapshot(of: .fleet)

        await #expect(throws: RegistryError.self) {
            try await test.store.registry.apply(
                [
                    .amendPoP(Fixture.name(), PoPAmendment(city: "Anderswo")),
                    .removePoP(Fixture.name("nltst99")),
                ],
                by: "tester"
            )
        }

        #expect(try await test.store.registry.snapshot(of: .fleet) == before)
    }

    @Test func knowsTheTunnelsOfAUser() async throws {
        let test = try await TestStore(Fixture.registry())
        let handle = try UserHandle(parsing: "jdoe")
        try await test.store.registry.apply(
            [
                .addUser(handle, UserAmendment(name: "John Doe")),
                .amendTunnel(Fixture.number(1), TunnelAmendment(owner: .user(handle))),
            ],
            by: "tester"
        )

        let snapshot = try await test.store.registry.snapshot(of: .owner(UserHandle(parsing: "JDOE")))

        #expect(snapshot.tunnels.map(\.number) == [try Fixture.number(1)])
        #expect(snapshot.subnets.map(\.prefix) == [try Fixture.prefix("2001:db8:201::/56")])
        #expect(snapshot.prefixes.allSatisfy { $0.popID == 1 })
        #expect(try await test.store.registry.tunnelCounts(by: .owner) == ["jdoe": 1])
        #expect(try await test.store.registry.tunnelCounts(by: .type) == ["ayiya": 1, "static": 1])
    }

    @Test func refusesWhatWasPlannedOnAnOlderRevision() async throws {
        let test = try await TestStore(Fixture.registry())
        let revision = try await test.store.registry.snapshot(of: .fleet).revision
        let change = RegistryChange.amendPoP(try Fixture.name(), PoPAmendment(city: "Anderswo"))
        try await test.store.registry.apply([change], by: "tester", expecting: revision, mode: .commit)

        let error = await #expect(throws: RegistryError.self) {
            try await test.store.registry.apply(
                [.removeTunnel(Fixture.number(2))],
                by: "tester",
                expecting: revision,
                mode: .commit
            )
        }

        #expect(error?.description == "the registry was changed in the meantime; check and repeat")
    }

    @Test func rehearsesWithoutATrace() async throws {
        let test = try await TestStore(Fixture.registry())
        let before = try await test.store.registry.snapshot(of: .fleet)

        try await test.store.registry.apply(
            [.removePoP(Fixture.name("nltst01"))],
            by: "tester",
            mode: .rehearse
        )

        #expect(try await test.store.registry.snapshot(of: .fleet) == before)
    }

    @Test func auditsEveryChangeAndNoPassword() async throws {
        let test = try await TestStore(Fixture.registry())
        let revision = try await test.store.registry.snapshot(of: .fleet).revision
        let password = try Password(parsing: "sehrgeheim")

        try await test.store.registry.apply(
            [
                .amendTunnel(Fixture.number(1), TunnelAmendment(password: password)),
                .amendPoP(Fixture.name(), PoPAmendment(city: "Anderswo")),
                .amendPoP(Fixture.name(), PoPAmendment(city: "Anderswo")),
                .removeTunnel(Fixture.number(2)),
            ],
            by: "alice"
        )

        let entries = try await test.store.registry.changes(since: revision)
        #expect(entries.map(\.action) == ["change", "change", "remove"])
        #expect(entries.map(\.subject) == ["tunnel T1", "pop chtst01", "tunnel T2"])
        #expect(entries.allSatisfy { $0.author == "alice" })
        #expect(entries[0].after?.contains("\"passwordChanged\":true") == true)
        #expect(entries[1].before?.contains("Teststadt") == true)
        #expect(entries[1].after?.contains("Anderswo") == true)
        let all = try await test.store.registry.changes(since: 0)
        #expect(!all.contains { "\($0)".contains("geheim") })
    }

    /// What an operator asks for, and the sentence that refuses it.
    struct Refusal: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let change: @Sendable () throws -> RegistryChange
        let message: String

        init(_ message: String, _ change: @escaping @Sendable () throws -> RegistryChange) {
            self.testDescription = message
            self.change = change
            self.message = message
        }
    }

    // swift-format-ignore
    static let refusals = [
        Refusal("there is no PoP xxxxx00; sixxs-central pop list shows those there are") { .removePoP(try Fixture.name("xxxxx00")) },
        Refusal("there is no tunnel T99; sixxs-central tunnel list shows those there are") { .removeTunnel(try Fixture.number(99)) },
        Refusal("detst01 cannot have id 1: chtst01 has it") { .addPoP(try Fixture.pop(1, "detst01")) },
        Refusal("chtst01 cannot have IPv4 address 192.0.2.2: nltst01 has it") { .amendPoP(try Fixture.name(), PoPAmendment(ipv4: IPv4Address(192, 0, 2, 2))) },
        Refusal("chtst01 has 2 tunnels: remove them first") { .removePoP(try Fixture.name()) },
        Refusal("2001:db8:1005::/48 overlaps subnet prefix 2001:db8:1000::/40 of chtst01") { .addPrefix(try Fixture.prefix("2001:db8:1005::/48"), .subnet, try Fixture.name("nltst01")) },
        Refusal("a tunnel prefix is a /48, and 2001:db8:9000::/40 is not") { .addPrefix(try Fixture.prefix("2001:db8:9000::/40"), .tunnel, try Fixture.name()) },
        Refusal("2001:db8:101::/48 of chtst01 has 2 tunnels: remove them first") { .removePrefix(try Fixture.prefix("2001:db8:101::/48")) },
        Refusal("2001:db8:201::/48 of chtst01 has 1 subnet: remove them first") { .removePrefix(try Fixture.prefix("2001:db8:201::/48")) },
        Refusal("T1 has 1 subnet: remove them first") { .removeTunnel(try Fixture.number(1)) },
        Refusal("endpoint 198.51.100.7 of chtst01 is taken by T2") { .addTunnel(NewTunnel(pop: try Fixture.name(), end: .fixed(.ipv4(IPv4Address(198, 51, 100, 7))))) },
        Refusal("tid 1 of chtst01 is taken by T2") { .addTunnel(NewTunnel(pop: try Fixture.name(), end: .ayiya(.random()), tid: TID(rawValue: 1))) },
        Refusal("the endpoint 2001:db8:101:5::2 lies in a prefix of the fleet: packets would loop") { .addTunnel(NewTunnel(pop: try Fixture.name(), end: .fixed(try IPAddress(parsing: "2001:db8:101:5::2")))) },
        Refusal("2001:db8:201::/56 is delegated to T1 already") { .addSubnet(try Fixture.prefix("2001:db8:201::/56"), try Fixture.number(2)) },
        Refusal("T1 is ayiya: its endpoint comes from its packets, not from --endpoint") { .amendTunnel(try Fixture.number(1), TunnelAmendment(endpoint: .ipv4(IPv4Address(9, 9, 9, 9)))) },
        Refusal("T1 becomes static: give its endpoint with --endpoint") { .amendTunnel(try Fixture.number(1), TunnelAmendment(type: .static)) },
        Refusal("T2 is static: it has an endpoint and no password") { .amendTunnel(try Fixture.number(2), TunnelAmendment(password: .random())) },
    ]

    /// One for all: a change that is refused leaves no trace.
    private static let shared = Task { try await TestStore(Fixture.registry()) }

    @Test(arguments: refusals)
    func refuses(_ refusal: Refusal) async throws {
        let test = try await Self.shared.value

        let error = await #expect(throws: RegistryError.self) {
            try await test.store.registry.apply([refusal.change()], by: "tester")
        }

        #expect(error?.description == refusal.message)
    }
}
