import Foundation
import Streams
import Synchronization
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("Whose an address is")
struct OwnerTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    private static func after(_ seconds: TimeInterval) -> Date { Self.start.addingTimeInterval(seconds) }

    /// A registry with a past: T1 was alice's for an hour, then bob's; T2 was at another address for the first hour, and T1's
    /// subnet was taken back after two; the PoP was renamed after three.
    private static func centre(_ folder: TemporaryFolder) async throws -> Centre {
        let time = Mutex(Self.start)
        let store = try SQLiteStore(path: folder.path("central.db")) { time.withLock { $0 } }.fleet
        func change(_ hours: Double, _ changes: [RegistryChange]) async throws {
            time.withLock { $0 = Self.after(hours * 3600) }
            try await store.registry.apply(changes, by: "t")
        }
        let (alice, bob) = (try UserHandle(parsing: "alice"), try UserHandle(parsing: "bob"))
        let (one, two) = (try Fixture.number(1), try Fixture.number(2))
        try await change(
            0,
            [
                .addUser(alice, UserAmendment(name: "Alice", mail: "alice@example.net")),
                .addUser(bob, UserAmendment(mail: "bob@example.net")),
            ] + Fixture.registry() + [
                .amendTunnel(one, TunnelAmendment(owner: .user(alice))),
                .amendTunnel(two, TunnelAmendment(endpoint: .ipv4(IPv4Address(203, 0, 113, 9)))),
            ]
        )
        try await change(
            1,
            [
                .amendTunnel(one, TunnelAmendment(owner: .user(bob))),
                .amendTunnel(two, TunnelAmendment(endpoint: .ipv4(IPv4Address(198, 51, 100, 7)))),
                .amendUser(alice, UserAmendment(mail: "alice@example.org")),
            ]
        )
        try await change(2, [.removeSubnet(try Fixture.prefix("2001:db8:201::/56"))])
        try await change(3, [.renamePoP(try Fixture.name(), try Fixture.name("chzrh01"))])
        return Centre(store: store, connector: FakeConnector(), author: "t")
    }

    /// What is asked, after how many hours, and what is found.
    static let questions: [(address: String, hours: Double, expected: [String])] = [
        ("2001:db8:101::2", 0.5, ["tunnel T1 alice alice@example.org chtst01"]),
        ("2001:db8:101::2", 1.5, ["tunnel T1 bob bob@example.net chtst01"]),
        ("2001:db8:101::2", 9, ["tunnel T1 bob bob@example.net chzrh01"]),
        ("2001:db8:101:8000::77", 1.5, ["tunnel T1 bob bob@example.net chtst01"]),
        ("2001:db8:201:7::1", 1.5, ["subnet T1 bob bob@example.net chtst01"]),
        ("2001:db8:201:7::1", 2.5, ["unused - - - chtst01"]),
        ("203.0.113.9", 0.5, ["endpoint T2 - - chtst01"]), ("203.0.113.9", 1.5, []),
        ("198.51.100.7", 1.5, ["endpoint T2 - - chtst01"]), ("192.0.2.1", 9, ["pop - - - chzrh01"]),
        ("192.0.2.1", 0, ["pop - - - chtst01"]), ("2001:db8:9999::1", 9, []),
        ("2001:db8:101::/63", 1.5, ["tunnel T1 bob bob@example.net chtst01", "tunnel T2 - - chtst01"]),
    ]

    @Test(arguments: questions)
    func isFoundInThePast(_ question: (address: String, hours: Double, expected: [String])) async throws {
        let folder = try TemporaryFolder()
        let centre = try await Self.centre(folder)
        let find = FindOwner(
            of: try AddressQuery(parsing: question.address),
            at: Self.after(question.hours * 3600)
        )

        let answer = try await find.run(in: centre, now: Self.after(36_000))

        let found = answer.matches.map { match in
            [
                match.kind.rawValue, match.tunnel?.description ?? "-", match.owner?.description ?? "-",
                match.mail ?? "-", match.pop,
            ].joined(separator: " ")
        }
        #expect(found == question.expected)
    }

    @Test func isSaidSinceAndUntilWhen() async throws {
        let folder = try TemporaryFolder()
        let centre = try await Self.centre(folder)
        func match(_ address: String, _ hours: Double) async throws -> FindOwner.Match? {
            let find = FindOwner(of: try AddressQuery(parsing: address), at: Self.after(hours * 3600))
            return try await find.run(in: centre, now: Self.after(36_000)).matches.first
        }

        let outer = try #require(try await match("203.0.113.9", 0.5))
        let subnet = try #require(try await match("2001:db8:201::1", 1))
        let inner = try #require(try await match("2001:db8:101::2", 5))

        #expect(outer.since == Self.start && outer.until == Self.after(3600))
        #expect(subnet.since == Self.start && subnet.until == Self.after(7200))
        #expect(inner.since == Self.start && inner.until == nil)
    }

    @Test func isNotKnownBeforeTheHistoryNorAfterNow() async throws {
        let folder = try TemporaryFolder()
        let centre = try await Self.centre(folder)
        func error(_ seconds: TimeInterval) async throws -> RegistryError? {
            let find = FindOwner(of: try AddressQuery(parsing: "192.0.2.1"), at: Self.after(seconds))
            return await #expect(throws: RegistryError.self) {
                try await find.run(in: centre, now: Self.after(36_000))
            }
        }

        #expect(
            try await error(-60)?.description
                == "the registry does not know what was at 2027-01-15T07:59:00Z: its history begins at "
                + "2027-01-15T08:00:00Z"
        )
        #expect(try await error(36_060)?.description == "2027-01-15T18:01:00Z is still to come")
    }

    @Test func isWhereTheUserOfAMovingTunnelWas() async throws {
        let test = try await TestStore(Fixture.registry())
        var state = FakeDaemon.State()
        state.text = try TestPush.generation(tunnels: 1).text
        let now = Date()
        for (hours, endpoint) in [(-3.0, "203.0.113.50:5072"), (-1, "203.0.113.60:5072")] {
            state.endpoint = endpoint
            let time = now.addingTimeInterval(hours * 3600)
            _ = try await test.store.samples.record(try FakeDaemon.received(state), of: 1, at: time)
        }
        let query = try AddressQuery(parsing: "203.0.113.60")

        let answer = try await FindOwner(of: query, at: nil).run(in: Centre(test))

        #expect(answer.matches.map(\.tunnel?.description) == ["T1"])
        #expect(answer.matches.first?.kind == .endpoint && answer.matches.first?.until == nil)
        let document = OwnerDocument(answer, of: query)
        #expect(
            document.isSomebodys && document.text.description.contains("where the tunnel ends, 203.0.113.60")
        )
        let gone = try await FindOwner(of: try AddressQuery(parsing: "203.0.113.50"), at: nil).run(
            in: Centre(test)
        )
        let nobody = OwnerDocument(gone, of: try AddressQuery(parsing: "203.0.113.50"))
        #expect(
            !nobody.isSomebodys && nobody.nobody.description.contains("203.0.113.50 belonged to nobody at")
        )
    }

    @Test(arguments: ["", "x", "2001:db8::1/48", "192.0.2.0/24", "192.0.2.256"])
    func cannotBeAskedOfOtherWords(_ text: String) {
        #expect(throws: SyntaxError.self) { try AddressQuery(parsing: text) }
    }
}
