import Foundation
import Streams
import Synchronization
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("Before something goes away")
struct PreviewTests {
    private static func centre(_ test: TestStore, _ connector: FakeConnector = FakeConnector()) -> Centre {
        Centre(store: test.store.fleet, connector: connector, author: "tester")
    }

    /// A PoP with twenty tunnels that runs generation 2, which has nine more than generation 1.
    private static func rolledOut(_ connector: FakeConnector) async throws -> (TestStore, Centre) {
        let test = try await TestStore(try Array(Fixture.registry().prefix(5)))
        let centre = Self.centre(test, connector)
        for count in [11, 9] {
            let tunnel = NewTunnel(pop: try Fixture.name(), end: .ayiya(try Password(parsing: "geheim")))
            try await test.store.registry.apply(
                Array(repeating: .addTunnel(tunnel), count: count),
                by: "tester"
            )
            _ = try await Round(byHandIn: centre, reason: "test").run(only: [Fixture.name()])
        }
        return (test, centre)
    }

    @Test func aRollbackSaysWhatItTakesAway() async throws {
        let (_, centre) = try await Self.rolledOut(FakeConnector())

        let prepared = try await RollBack(Fixture.name(), to: nil).prepare(in: centre)

        #expect(prepared.generation.number == 1)
        #expect(prepared.summary.lines == ["takes away 9 of 20 tunnels: T12, T13, T14, T15, T16 and 4 more"])
        #expect(
            prepared.rejection?.hasPrefix("generation 1 would remove or disable 9 of 20 tunnels of chtst01: ")
                == true
        )
    }

    @Test func aRollbackThatTakesManyAwayHasToBeForced() async throws {
        let connector = FakeConnector()
        let (test, centre) = try await Self.rolledOut(connector)
        let rollback = RollBack(try Fixture.name(), to: 1)
        let prepared = try await rollback.prepare(in: centre)

        await #expect(throws: RegistryError.self) { _ = try await rollback.run(prepared, in: centre) }
        #expect(try await test.store.rounds.histories()[1]?.hold == nil)
        #expect(connector.daemons.withLock { $0[1]?.generation } == 2)

        let forced = RollBack(try Fixture.name(), to: 1, isForced: true)
        #expect(try await forced.run(forced.prepare(in: centre), in: centre).generation == 1)
        #expect(connector.daemons.withLock { $0[1]?.generation } == 1)
        #expect(try await test.store.rounds.histories()[1]?.hold?.generation == 1)
    }

    @Test func aPlanOfAPoPThatIsHeldSaysWhatAReleaseBrings() async throws {
        let connector = FakeConnector()
        let (test, centre) = try await Self.rolledOut(connector)
        try await test.store.rounds.hold([(1, 2)], by: "alice", "wait")
        try await test.store.registry.apply(
            [
                .amendTunnel(
                    Fixture.number(3),
                    TunnelAmendment(password: try Password(parsing: "anders"), mtu: 1400)
                )
            ],
            by: "tester"
        )

        let plan = try await PlanPush(pops: [Fixture.name()]).run(in: centre)
        let document = PlanDocument(try #require(plan.items.first))

        #expect(!plan.hasChanges)
        #expect(
            document.lines == [
                "chtst01: nothing", "  \(try #require(document.held))",
                "  after unhold the next push would bring 1 change",
                "    ~tunnel T3: mtu 1280 -> 1400, password changes",
            ]
        )
        let json = try JSONText.compact(document)
        #expect(
            json.contains(
                #"{"field":"mtu","from":"1280","to":"1400"},{"field":"password","from":null,"to":null}"#
            )
        )
        #expect(!json.contains("anders") && !json.contains("geheim"))
    }

    @Test func aForcedPushSaysWhatItTakesAway() async throws {
        let (test, centre) = try await Self.rolledOut(FakeConnector())
        let disabled = try (2...8).map {
            RegistryChange.amendTunnel(try Fixture.number($0), TunnelAmendment(isEnabled: false))
        }
        try await test.store.registry.apply(disabled, by: "tester")
        let push = PushNow(pops: [], forced: [try Fixture.name()], lastWave: .all, confirm: nil)

        let excesses = try await push.excesses(in: centre, progress: nil)

        #expect(excesses.map(\.losses) == [7])
        #expect(excesses[0].summary.lines == ["disables 7 of 20 tunnels: T2, T3, T4, T5, T6 and 2 more"])
    }

    @Test func aRemovalSaysOfWhat() async throws {
        let test = try await TestStore(Fixture.registry())
        let centre = Self.centre(test)
        func words(_ target: PreviewRemoval.Target) async throws -> String {
            try await PreviewRemoval(of: [target]).run(in: centre)
        }
        let subnet = try #require(try await test.store.registry.snapshot(of: .fleet).subnets.first).prefix

        let both = try [1, 2, 2, 2, 2, 2, 1].map { PreviewRemoval.Target.tunnel(try Fixture.number($0)) }
        #expect(
            try await PreviewRemoval(of: both).run(in: centre).hasSuffix(
                ", T2 (static at chtst01, no owner) and 2 more"
            )
        )
        #expect(try await words(.tunnel(Fixture.number(2))) == "T2 (static at chtst01, no owner)")
        #expect(
            try await words(.tunnel(Fixture.number(1)))
                == "T1 (ayiya at chtst01, no owner, subnets \(subnet))"
        )
        #expect(try await words(.subnet(subnet)) == "the subnet \(subnet) of T1 at chtst01")
        #expect(
            try await words(.prefix(Fixture.prefix("2001:db8:102::/48")))
                == "the prefix 2001:db8:102::/48 of nltst01, for tunnels"
        )
        #expect(
            try await words(.pop(Fixture.name("nltst01")))
                == "nltst01 with prefixes 2001:db8:102::/48; a history of 0 generations"
        )
        await #expect(throws: RegistryError.self) { _ = try await words(.tunnel(Fixture.number(9))) }
        await #expect(throws: RegistryError.self) {
            _ = try await words(.prefix(Fixture.prefix("2001:db8:999::/48")))
        }
    }

    @Test func theWorstPoPsAreSeenFirstAndTheOthersCounted() async throws {
        var changes: [RegistryChange] = []
        for id in 1...30 { changes.append(.addPoP(try Fixture.pop(id, "chtst\(id / 10)\(id % 10)"))) }
        let test = try await TestStore(changes)
        let connector = FakeConnector([25: .fails(.hostKeyUnknown)])
        _ = try await Round(byHandIn: Self.centre(test, connector), reason: "test").run()
        let status = try await FleetStatus(from: test.store.fleet, only: [])
        let rows = StatusDocument.worstFirst(status.pops.map { StatusDocument($0) })

        let screen = Screen(width: 80, height: 12, hasColour: false)
        let lines = StatusTable(rows, now: Date()).screenful(screen).description.split(separator: "\n")

        #expect(rows.map(\.pop).prefix(3) == ["chtst25", "chtst01", "chtst02"])
        #expect(lines.count <= 11)
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(lines[1].hasPrefix("chtst25  NO "))
        #expect(lines.contains { $0.hasPrefix("… and 2") && $0.hasSuffix(" more, all OK") })
        #expect(lines.last?.hasPrefix("chtst25: no host key is trusted yet") == true)
    }
}
