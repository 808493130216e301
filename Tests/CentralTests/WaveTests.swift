import Foundation
import Logging
import Synchronization
import Testing
import Wire

@testable import Central

@Suite("Waves")
struct WaveTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Ten PoPs with as many tunnels as their number says, the first a canary.
    private static func fleet(_ policy: WavePolicy = WavePolicy(share: 30)) async throws -> TestStore {
        var changes: [RegistryChange] = [.setWaves(policy)]
        for id in 1...10 {
            var pop = try Fixture.pop(id, Self.text(id))
            pop.isCanary = id == 1
            changes.append(.addPoP(pop))
            changes.append(.addPrefix(try Fixture.prefix("2001:db8:10\(id)::/48"), .tunnel, pop.name))
            changes += try (1...id).map { _ in
                .addTunnel(NewTunnel(pop: pop.name, end: .ayiya(try Password(parsing: "geheim"))))
            }
        }
        return try await TestStore(changes)
    }

    private static func text(_ id: Int) -> String { "chtst\(id < 10 ? "0" : "")\(id)" }

    private static func round(_ test: TestStore, _ connector: FakeConnector) -> Round {
        Round(
            store: test.store.fleet,
            connector: connector,
            author: "tester",
            reason: "test",
            logger: Self.quiet
        )
    }

    /// Changes the configuration of all PoPs, since all know the first one's address.
    private static func change(_ test: TestStore) async throws {
        let amendment = PoPAmendment(ipv4: IPv4Address(192, 0, 2, 200))
        try await test.store.registry.apply([.amendPoP(Fixture.name("chtst01"), amendment)], by: "tester")
    }

    private static func outcomes(_ outcomes: [Round.Outcome]) -> [PushOutcome] {
        outcomes.map(\.attempt.outcome)
    }

    @Test func areTheCanariesThenThoseWithTheFewestTunnelsThenTheRest() async throws {
        let test = try await Self.fleet()

        let waves = try await PushPlan(of: test.store.fleet, only: []).waves

        #expect(waves.map(\.wave) == [.canary, .share, .all])
        #expect(waves.map { $0.items.map(\.pop.id) } == [[1], [2, 3, 4], [5, 6, 7, 8, 9, 10]])
    }

    @Test func haveInTheFirstThoseThatDoNotChange() async throws {
        let test = try await Self.fleet()
        let round = Self.round(test, FakeConnector())
        _ = try await round.run()
        try await test.store.registry.apply(
            [.amendTunnel(Fixture.number(50), TunnelAmendment(mtu: 1300))],
            by: "tester"
        )

        let waves = try await PushPlan(of: test.store.fleet, only: []).waves

        #expect(waves.map { $0.items.map(\.pop.id).sorted() } == [[1, 2, 3, 4, 5, 6, 7, 8, 9], [10], []])
    }

    @Test func endAfterTheOneThatIsNamed() async throws {
        let test = try await Self.fleet()
        var round = Self.round(test, FakeConnector())
        round.lastWave = .share

        let outcomes = try await round.run()

        #expect(outcomes.map(\.pop.id) == [1, 2, 3, 4])
        #expect(Self.outcomes(outcomes) == Array(repeating: .applied, count: 4))
    }

    @Test func stopAtACanaryThatLosesItsTunnels() async throws {
        let test = try await Self.fleet()
        let connector = FakeConnector()
        let round = Self.round(test, connector)
        _ = try await round.run()
        try await Self.change(test)
        connector.scripts.withLock { $0[1] = .breaks(["T1"]) }

        let outcomes = try await round.run()

        #expect(Self.outcomes(outcomes) == [.rolledBack] + Array(repeating: .stopped, count: 9))
        #expect(outcomes[0].attempt.detail == "generation 2 was rolled back: 1 of 1 tunnels went down")
        #expect(connector.daemons.withLock { $0.values.map(\.generation) } == Array(repeating: 1, count: 10))
        let histories = try await test.store.rounds.histories()
        #expect(histories.values.allSatisfy { $0.hold?.generation == 1 })
        #expect(
            histories[7]?.hold?.reason.contains("it failed at chtst01: generation 2 was rolled back")
                == true
        )
        let kinds = Set(try await test.store.history.events(limit: 100).map(\.kind))
        #expect(kinds.isSuperset(of: [.rolledBack, .halted, .held]))
    }

    @Test func leaveWhatDidWellBeforeOneThatDidNot() async throws {
        let test = try await Self.fleet()
        let connector = FakeConnector()
        let round = Self.round(test, connector)
        _ = try await round.run()
        try await Self.change(test)
        connector.scripts.withLock { $0[3] = .breaks(["T4"]) }

        let outcomes = try await round.run()

        #expect(Self.outcomes(outcomes)[0] == .applied)
        #expect(Self.outcomes(outcomes)[2] == .rolledBack)
        #expect(Self.outcomes(outcomes)[4...] == Array(repeating: .stopped, count: 6)[...])
        let histories = try await test.store.rounds.histories()
        #expect(histories[1]?.hold == nil)
        #expect(histories[3]?.hold?.generation == 1)
        #expect(histories[9]?.hold?.generation == 1)
    }

    @Test func goOnOnceTheyAreReleased() async throws {
        let test = try await Self.fleet()
        let connector = FakeConnector()
        let round = Self.round(test, connector)
        _ = try await round.run()
        try await Self.change(test)
        connector.scripts.withLock { $0[1] = .breaks(["T1"]) }
        _ = try await round.run()
        connector.scripts.withLock { $0[1] = .well }
        connector.daemons.withLock { $0[1]?.down = [] }

        let held = try await round.run()
        try await test.store.rounds.release(Array(1...10), by: "tester")
        let released = try await round.run()

        #expect(Self.outcomes(held) == Array(repeating: .unchanged, count: 10))
        #expect(Self.outcomes(released) == Array(repeating: .applied, count: 10))
        #expect(try await test.store.rounds.histories().values.allSatisfy { $0.hold == nil })
    }

    @Test func stopWhenAWatchedPoPIsLost() async throws {
        let test = try await Self.fleet(WavePolicy(share: 30, settle: 1, confirm: 20))
        let connector = FakeConnector()
        let round = Self.round(test, connector)
        connector.scripts.withLock { $0[1] = .lostAfterPush }

        let outcomes = try await round.run()

        #expect(Self.outcomes(outcomes) == [.failed] + Array(repeating: .stopped, count: 9))
        #expect(
            outcomes[0].attempt.detail.contains(
                "was pushed but not confirmed, so that the daemon rolls it back by itself within 20 s"
            )
        )
        #expect(try await test.store.rounds.histories()[2]?.hold?.generation == nil)
        #expect(try await round.run()[1].attempt.detail.contains("nothing was ever confirmed"))
    }

    @Test func keepTheReasonWhenTakingBackFails() async throws {
        let test = try await Self.fleet(WavePolicy(share: 30))
        let connector = FakeConnector()
        let round = Self.round(test, connector)
        _ = try await round.run()
        try await Self.change(test)
        connector.scripts.withLock { $0[1] = .breaksForGood(["T1"]) }

        let outcomes = try await round.run()

        #expect(Self.outcomes(outcomes) == [.failed] + Array(repeating: .stopped, count: 9))
        let words =
            "generation 2 was to be rolled back, since 1 of 1 tunnels went down, and that failed, so that the daemon rolls it back by itself"
        #expect(outcomes[0].attempt.detail.hasPrefix(words))
        #expect(outcomes[0].attempt.detail.contains("the old configuration cannot be read"))
        let histories = try await test.store.rounds.histories()
        #expect(histories[1]?.pushes?.last.detail.hasPrefix(words) == true)
        #expect(histories[7]?.hold?.reason.contains(words) == true)
        let kept = try await test.store.history.events(limit: 100).filter { $0.kind == .rolledBack }
        #expect(kept.map { $0.detail.hasPrefix(words) } == [true])
    }

    @Test func areHeldNowhereWhenTheCentreEndsWhileItWatches() async throws {
        let test = try await Self.fleet(WavePolicy(settle: 60, confirm: 120))
        let connector = FakeConnector()
        let round = Self.round(test, connector)
        let task = Task { try await round.run() }
        while connector.daemons.withLock({ $0[1]?.confirmed == nil }) {
            try await Task.sleep(for: .milliseconds(10))
        }

        task.cancel()
        let outcomes = try await task.value

        #expect(outcomes.allSatisfy { $0.attempt.outcome != .applied })
        let histories = try await test.store.rounds.histories()
        #expect(histories.values.allSatisfy { $0.hold == nil && $0.breaker == nil })
    }

    @Test func takeBackWhatACentreThatEndedLeftOnTrial() async throws {
        let test = try await Self.fleet(WavePolicy(settle: 1, confirm: 120))
        let connector = FakeConnector()
        let round = Self.round(test, connector)
        _ = try await round.run()
        try await Self.change(test)
        let changed = try await PushPlan(of: test.store.fleet, only: []).items[0].rendering.get()
        let generation = try await test.store.rounds.generation(of: changed, author: "dead", reason: "round")
        connector.daemons.withLock { _ = $0[1]?.push(generation.number, generation.text, confirm: true) }

        let first = try await round.run()
        let second = try await round.run()

        #expect(first[0].attempt.outcome == .stopped)
        #expect(
            first[0].attempt.detail.contains(
                "was still on trial from a centre that stopped, and was rolled back"
            )
        )
        #expect(first[1].attempt.outcome == .applied)
        #expect(second[0].attempt.outcome == .applied)
    }

    @Test func doNotJudgeAPoPThatGoesBackToAnOlderGeneration() async throws {
        let test = try await Self.fleet(WavePolicy())
        let connector = FakeConnector()
        let round = Self.round(test, connector)
        _ = try await round.run()
        try await Self.change(test)
        _ = try await round.run()
        try await test.store.rounds.hold([(1, 1)], by: "tester", "rollback")
        connector.scripts.withLock { $0[1] = .breaks(["T1"]) }

        let outcomes = try await round.run()

        #expect(outcomes[0].attempt.outcome == .applied)
        #expect(connector.daemons.withLock { $0[1]?.generation } == 1)
    }

    @Test func doNotStopForAPoPThatCannotBeReached() async throws {
        let test = try await Self.fleet(WavePolicy(share: 30, settle: 1, confirm: 20))
        let failure = ConnectionFailure.timedOut(.connect(to: "192.0.2.1 port 22"), after: .seconds(5))

        let outcomes = try await Self.round(test, FakeConnector([1: .fails(failure)])).run()

        #expect(Self.outcomes(outcomes) == [.failed] + Array(repeating: .applied, count: 9))
    }
}

@Suite("After a push the health of a daemon")
struct HealthTests {
    private static func report(
        up: Int,
        of count: Int,
        errors: Int64 = 0,
        instance: Character = "a"
    ) throws -> ReceivedReport {
        var state = FakeDaemon.State()
        state.instance = String(repeating: instance, count: 32)
        state.errors = 0
        state.text = try TestPush.generation(tunnels: count).text
        state.down = Set((up..<count).map { "T\($0 + 1)" })
        var report = try FakeDaemon.received(state)
        report.tunnels[0].errors = ["Clock Off": try #require(Tally(errors))]
        return report
    }

    private static func health(enabled: Int, usualErrors: Double = 0) -> HealthCheck {
        HealthCheck(
            policy: WavePolicy(),
            enabled: Set((1...enabled).map { "T\($0)" }),
            usualErrors: usualErrors
        )
    }

    @Test(arguments: [
        (100, nil), (80, nil), (79, "21 of 100 tunnels went down"), (0, "100 of 100 tunnels went down"),
    ])
    func isJudgedByTheTunnelsThatWereUp(up: Int, failure: String?) throws {
        let before = try Self.report(up: 100, of: 100)
        let after = try Self.report(up: up, of: 100)

        #expect(Self.health(enabled: 100).failure(before: before, after: after, seconds: 10) == failure)
    }

    @Test func isNotJudgedByTunnelsThatThePushDisabled() throws {
        let before = try Self.report(up: 100, of: 100)
        let after = try Self.report(up: 50, of: 100)

        #expect(Self.health(enabled: 50).failure(before: before, after: after, seconds: 10) == nil)
    }

    @Test func isBadWhenItRestarted() throws {
        let (before, after) = (try Self.report(up: 1, of: 1), try Self.report(up: 1, of: 1, instance: "b"))

        #expect(
            Self.health(enabled: 1).failure(before: before, after: after, seconds: 1)
                == "the daemon restarted"
        )
    }

    @Test(arguments: [(1000, 0.0, true), (1001, 0.0, false), (5000, 200.0, true), (5001, 200.0, false)])
    func isJudgedByErrorsBeyondTheUsual(errors: Int64, usual: Double, isWell: Bool) throws {
        let (before, after) = (try Self.report(up: 1, of: 1), try Self.report(up: 1, of: 1, errors: errors))

        let failure = Self.health(enabled: 1, usualErrors: usual).failure(
            before: before,
            after: after,
            seconds: 10
        )

        #expect((failure == nil) == isWell)
    }
}

@Suite("A push that takes tunnels away")
struct MassChangeTests {
    @Test(arguments: [
        (100, 95, false), (100, 94, true), (20, 19, false), (20, 18, true), (3, 2, false), (3, 1, true),
        (1, 0, true),
        (40, 38, false), (0, 0, false),
    ])
    func isStoppedWhenThatIsTooMany(before: Int, after: Int, isStopped: Bool) throws {
        var state = FakeDaemon.State()
        state.text = before == 0 ? "" : try TestPush.generation(tunnels: before).text
        let report = try FakeDaemon.received(state)
        let guardian = MassChangeGuard(enabled: Set((0..<after).map { "T\($0 + 1)" }))

        #expect((guardian.excess(over: report) != nil) == isStopped)
    }

    @Test func isNotStoppedWhereTheOnlyTunnelMakesPlaceForAnother() throws {
        var state = FakeDaemon.State()
        state.text = try TestPush.generation(tunnels: 1).text
        let report = try FakeDaemon.received(state)

        #expect(MassChangeGuard(enabled: ["T2"]).excess(over: report) == nil)
        #expect(MassChangeGuard(enabled: []).excess(over: report) != nil)
    }

    @Test func saysWhatToDo() async throws {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        var round = Round(
            store: test.store.fleet,
            connector: connector,
            author: "t",
            reason: "t",
            logger: logger
        )
        _ = try await round.run()
        try await test.store.registry.apply(
            try [1, 2].map { .amendTunnel(try Fixture.number($0), TunnelAmendment(isEnabled: false)) },
            by: "tester"
        )

        let stopped = try await round.run()
        round.forced = [try Fixture.name()]
        let forced = try await round.run()

        #expect(stopped.map(\.attempt.outcome) == [.stopped, .unchanged])
        #expect(
            stopped[0].attempt.detail
                == "it would remove or disable 2 of 2 tunnels: look with sixxs-central plan chtst01, "
                + "and if that is intended, run sixxs-central push --force chtst01"
        )
        #expect(forced.map(\.attempt.outcome) == [.applied, .unchanged])
    }
}
