import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import Testing
import Wire

@testable import Central

@Suite("A round")
struct RoundTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private static func round(_ test: TestStore, _ connector: FakeConnector) -> Round {
        Round(
            store: test.store.fleet,
            connector: connector,
            author: "tester",
            reason: "test",
            logger: Self.quiet
        )
    }

    @Test func pushesToAllPoPsAndRecordsIt() async throws {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector()

        let outcomes = try await Self.round(test, connector).run()

        #expect(outcomes.map(\.pop.name.description) == ["chtst01", "nltst01"])
        #expect(outcomes.map(\.attempt.outcome) == [.applied, .applied])
        let text = connector.daemons.withLock { $0[1]?.text }
        #expect(
            text
                == (try ConfigurationRenderer(try await test.store.registry.snapshot(of: .fleet)).render(1)
                    .text)
        )
        let history = try #require(try await test.store.rounds.histories()[1]?.pushes)
        #expect(history.last.generation == 1)
        #expect(history.lastSuccess == history.last)
        #expect(history.confirmedDigest == Configuration.sha256(of: try #require(text).utf8))
        let sample = try #require(try await test.store.samples.latestSamples()[1])
        #expect(sample.uptime == 4242)
        #expect(sample.rxBytes == Tally(1000))
    }

    @Test func countsGenerationsOnlyWhenTheTextChanges() async throws {
        let test = try await TestStore(Fixture.registry())
        let round = Self.round(test, FakeConnector())

        _ = try await round.run()
        let second = try await round.run()
        try await test.store.registry.apply(
            [.amendTunnel(Fixture.number(1), TunnelAmendment(mtu: 1300))],
            by: "tester"
        )
        let third = try await round.run()

        #expect(second.map(\.attempt.outcome) == [.unchanged, .unchanged])
        #expect(second.map(\.attempt.generation) == [1, 1])
        #expect(third.map(\.attempt.outcome) == [.applied, .unchanged])
        #expect(third.map(\.attempt.generation) == [2, 1])
    }

    @Test func losesOnlyThePoPThatFails() async throws {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector([1: .fails(.hostKeyChanged(trusted: "SHA256:a", shown: "SHA256:b"))])

        let outcomes = try await Self.round(test, connector).run()

        #expect(outcomes.map(\.attempt.outcome) == [.failed, .applied])
        #expect(outcomes[0].attempt.detail.contains("THE HOST KEY HAS CHANGED"))
        let history = try #require(try await test.store.rounds.histories()[1]?.pushes)
        #expect(history.lastSuccess == nil)
        #expect(history.last.detail == outcomes[0].attempt.detail)
    }

    @Test func doesNotTakeADaemonForGoneThatCannotSave() async throws {
        let test = try await TestStore(Fixture.registry())

        let outcomes = try await Self.round(test, FakeConnector([1: .cannotSave])).run()

        #expect(outcomes[0].attempt.outcome == .failed)
        #expect(outcomes[0].attempt.detail.contains("could not be saved: no space left on device"))
        let history = try #require(try await test.store.rounds.histories()[1])
        #expect(history.breaker == nil)
        #expect(try await test.store.history.events(limit: 10).contains { $0.kind == .unreachable } == false)
    }

    @Test func keepsASuccessWhoseReportIsBad() async throws {
        let test = try await TestStore(Fixture.registry())

        let outcomes = try await Self.round(test, FakeConnector([1: .cannotReport])).run()

        #expect(outcomes[0].attempt.outcome == .applied)
        #expect(outcomes[0].attempt.detail.contains("but no report"))
    }

    @Test func leavesOutDisabledPoPsUnlessTheyAreNamed() async throws {
        let test = try await TestStore(Fixture.registry())
        try await test.store.registry.apply(
            [.amendPoP(Fixture.name(), PoPAmendment(isEnabled: false))],
            by: "tester"
        )
        let round = Self.round(test, FakeConnector())

        #expect(try await round.run().map(\.pop.name.description) == ["nltst01"])
        #expect(try await round.run(only: [Fixture.name()]).map(\.pop.name.description) == ["chtst01"])
        await #expect(throws: RegistryError.self) { try await round.run(only: [Fixture.name("xxxxx00")]) }
    }

    @Test func speaksToAtMost32PoPsAtOnce() async throws {
        let pops = try (1...60).map {
            RegistryChange.addPoP(try Fixture.pop($0, "chtst\($0 < 10 ? "0" : "")\($0)"))
        }
        let test = try await TestStore(pops)
        let connector = FakeConnector()

        let outcomes = try await Self.round(test, connector).run()

        #expect(outcomes.count == 60)
        #expect(outcomes.allSatisfy { $0.attempt.outcome == .applied })
        #expect(connector.peak.withLock(\.most) <= concurrencyBound)
    }

    @Test func notesWhatHappened() async throws {
        let test = try await TestStore([.addPoP(Fixture.pop())])
        let connector = FakeConnector()
        let round = Self.round(test, connector)

        _ = try await round.run()
        connector.daemons.withLock { $0[1]?.instance = String(repeating: "cd", count: 16) }
        connector.daemons.withLock { $0[1]?.digest = String(repeating: "0", count: 64) }
        _ = try await round.run()
        connector.scripts.withLock { $0[1] = .fails(.timedOut(.greeting, after: .seconds(1))) }
        _ = try await round.run()
        _ = try await round.run()
        connector.scripts.withLock { $0[1] = .well }
        _ = try await round.run()

        let kinds = try await test.store.history.events(limit: 100).reversed().map(\.kind)
        #expect(kinds == [.reachable, .restarted, .drifted, .unreachable, .reachable])
    }

    @Test func saysNothingOfAPoPThatItWasInterruptedAt() async throws {
        let test = try await TestStore([.addPoP(Fixture.pop())])
        let connector = FakeConnector()
        let round = Self.round(test, connector)
        _ = try await round.run()
        let before = try await test.store.history.contacts(of: [], HistoryWindow())
        connector.scripts.withLock { $0[1] = .fails(.cancelled) }

        let outcomes = try await round.run()

        #expect(outcomes.map(\.attempt.outcome) == [.failed])
        #expect(outcomes.map(\.isInterrupted) == [true])
        #expect(try await test.store.history.contacts(of: [], HistoryWindow()).count == before.count)
        let history = try #require(try await test.store.rounds.histories()[1])
        #expect(history.pushes?.last.outcome == .applied)
        #expect(history.breaker == nil)
    }

    @Test func isDueAtMultiplesOfTheInterval() {
        let schedule = RoundSchedule(interval: .seconds(600))

        #expect(schedule.next(after: Date(timeIntervalSince1970: 1201)).timeIntervalSince1970 == 1800)
        #expect(schedule.next(after: Date(timeIntervalSince1970: 1800)).timeIntervalSince1970 == 2400)
    }

    @Test func visitsAPoPInEveryRoundUnlessItHasAnIntervalOfItsOwn() throws {
        let schedule = RoundSchedule(interval: .seconds(60))
        var pop = try Fixture.pop()
        let slots = (1...10).map { Date(timeIntervalSince1970: Double($0) * 60) }

        #expect(slots.count { schedule.isDue(pop, at: $0) } == 10)
        pop.pollInterval = 300
        #expect(slots.filter { schedule.isDue(pop, at: $0) }.map(\.timeIntervalSince1970) == [300, 600])
    }

    @Test func repeatsUntilTheServiceEnds() async throws {
        let test = try await TestStore([.addPoP(Fixture.pop())])
        let connector = FakeConnector()
        let service = RoundService(
            round: Self.round(test, connector),
            schedule: RoundSchedule(interval: .seconds(1)),
            leaseDuration: .seconds(3),
            logger: Self.quiet
        )
        let group = ServiceGroup(services: [service], logger: Self.quiet)
        let running = Task { try await group.run() }

        for _ in 0..<3000 where connector.daemons.withLock({ $0[1]?.pushes ?? 0 }) < 2 {
            try await Task.sleep(for: .milliseconds(20))
        }
        await group.triggerGracefulShutdown()
        try await running.value

        #expect(try await test.store.rounds.histories()[1]?.pushes?.lastSuccess != nil)
    }
}
