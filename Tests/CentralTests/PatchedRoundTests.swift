import Foundation
import Logging
import Synchronization
import Testing
import Wire

@testable import Central

/// Rounds come to PoPs where endpoints were changed since the last one.
@Suite("A round after endpoints were changed")
struct PatchedRoundTests {
    /// The first PoP runs generation 1 with another endpoint of T2, as the registry has it too.
    private static func patched() async throws -> (TestStore, FakeConnector, Rendering) {
        let (test, connector) = (try await TestStore(Fixture.registry()), FakeConnector())
        _ = try await Self.round(test, connector)
        let endpoint = IPAddress.ipv4(IPv4Address(203, 0, 113, 9))
        try await test.store.registry.apply(
            [.amendTunnel(Fixture.number(2), TunnelAmendment(endpoint: endpoint))],
            by: "t"
        )
        let rendering = try ConfigurationRenderer(await test.store.registry.snapshot(of: .fleet)).render(1)
        try await test.store.fleet.endpoints.keep(
            PatchedState(popID: 1, generation: 1, digest: rendering.digest, patch: "")
        )
        Self.run(rendering.text, rendering.digest, connector)
        return (test, connector, rendering)
    }

    private static func run(_ text: String, _ digest: String, _ connector: FakeConnector) {
        connector.daemons.withLock { daemons in
            daemons[1]?.text = text
            daemons[1]?.digest = digest
        }
    }

    @discardableResult
    private static func round(_ test: TestStore, _ connector: FakeConnector) async throws -> PushAttempt? {
        let round = Round(
            store: test.store.fleet,
            connector: connector,
            author: "t",
            reason: "t",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        return try await round.run().first { $0.pop.id == 1 }?.attempt
    }

    private static func text(_ connector: FakeConnector) -> String? {
        connector.daemons.withLock { $0[1]?.text }
    }

    @Test func makesNoGenerationOfEndpointsAlone() async throws {
        let (test, connector, rendering) = try await Self.patched()

        let plan = try await PushPlan(of: test.store.fleet, only: [])
        let attempt = try await Self.round(test, connector)

        #expect(plan.items.first { $0.pop.id == 1 }?.isChange == false)
        #expect(attempt?.outcome == .unchanged && attempt?.generation == 1)
        #expect(Self.text(connector) == rendering.text)
        let history = try #require(try await test.store.fleet.rounds.histories()[1])
        #expect(history.latestGeneration == 1 && history.isAsConfirmed(rendering.digest))
    }

    @Test func leavesAHeldPoPWithThem() async throws {
        let (test, connector, rendering) = try await Self.patched()
        try await test.store.fleet.rounds.hold([(popID: 1, generation: 1)], by: "jdoe", "looking")
        try await test.store.registry.apply(
            [.amendTunnel(Fixture.number(1), TunnelAmendment(mtu: 1300))],
            by: "t"
        )

        let attempt = try await Self.round(test, connector)
        let plan = try await FleetPlan(
            PushPlan(of: test.store.fleet, only: []),
            from: test.store.fleet,
            through: connector
        )

        #expect(attempt?.outcome == .unchanged)
        #expect(Self.text(connector) == rendering.text)
        let item = try #require(plan.items.first { $0.pop.id == 1 })
        #expect(try item.changes.get().isEmpty && item.release?.changes.isEmpty == false)
    }

    @Test func pushesToADaemonThatLostThem() async throws {
        let (test, connector, rendering) = try await Self.patched()
        let old = try await test.store.fleet.rounds.generation(1, of: 1)
        Self.run(old.text, old.digest, connector)

        let attempt = try await Self.round(test, connector)

        #expect(attempt?.outcome == .applied && attempt?.generation == 2)
        #expect(Self.text(connector) == rendering.text)
        // What was made of the first generation is as old as that.
        #expect(try await test.store.fleet.rounds.histories()[1]?.patchedDigests.isEmpty == true)
    }

    @Test func isNoDriftAndNoFault() async throws {
        let (test, connector, rendering) = try await Self.patched()
        try await Self.round(test, connector)

        let events = try await test.store.fleet.history.events(limit: 50)
        #expect(!events.contains { $0.kind == .drifted })
        let history = try #require(try await test.store.fleet.rounds.histories()[1])
        #expect(
            !history.isDrift(try RunningConfiguration(parsing: "generation 1 sha256 \(rendering.digest) x"))
        )
        #expect(
            history.isDrift(
                try RunningConfiguration(
                    parsing: "generation 1 sha256 \(String(repeating: "a", count: 64)) x"
                )
            )
        )
        let status = try await ReadStatus(pops: [], asksDaemons: false).run(in: Centre(test, connector))
        let words = status.pops.first { $0.pop.id == 1 }?.findings(at: Date()) ?? []
        #expect(!words.contains { $0.contains("another configuration") })
    }
}
