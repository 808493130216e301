import Foundation
import GRDB
import Logging
import Synchronization
import Testing

@testable import Central

@Suite("A lease")
struct LeaseTests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A store whose clock the test moves.
    private final class MovedClock: Sendable {
        let time = Mutex(Date(timeIntervalSince1970: 1_800_000_000))

        func advance(_ seconds: TimeInterval) { self.time.withLock { $0.addTimeInterval(seconds) } }
    }

    private static func store(_ clock: MovedClock, in folder: TemporaryFolder) throws -> SQLiteStore {
        try SQLiteStore(path: folder.path("central.db")) { clock.time.withLock { $0 } }
    }

    @Test func isHadByOneUntilItIsGivenBackOrOver() async throws {
        let (clock, folder) = (MovedClock(), try TemporaryFolder())
        let store = try Self.store(clock, in: folder)
        let (first, second) = (Lease(.serve, of: "first"), Lease(.serve, of: "second"))

        #expect(try await store.rounds.lease(first, for: .seconds(30)) == nil)
        #expect(try await store.rounds.lease(second, for: .seconds(30))?.name == first.holder)
        #expect(try await store.rounds.lease(Lease(.round, of: "second"), for: .seconds(30)) == nil)
        clock.advance(20)
        #expect(try await store.rounds.lease(first, for: .seconds(30)) == nil)
        clock.advance(29)
        #expect(try await store.rounds.lease(second, for: .seconds(30))?.name == first.holder)
        clock.advance(2)
        #expect(try await store.rounds.lease(second, for: .seconds(30)) == nil)
        #expect(try await store.rounds.lease(first, for: .seconds(30))?.name == second.holder)
        try await store.rounds.give(back: first)
        #expect(try await store.rounds.lease(first, for: .seconds(30))?.name == second.holder)
        try await store.rounds.give(back: second)
        #expect(try await store.rounds.lease(first, for: .seconds(30)) == nil)
    }

    @Test func isOverWhenTheClockWasFarAhead() async throws {
        let (clock, folder) = (MovedClock(), try TemporaryFolder())
        let store = try Self.store(clock, in: folder)
        #expect(try await store.rounds.lease(Lease(.serve, of: "first"), for: .seconds(30)) == nil)

        clock.advance(-86400)

        #expect(try await store.rounds.lease(Lease(.serve, of: "second"), for: .seconds(30)) == nil)
    }

    /// Only the test moves the store's clock, so that a slow machine does not end the lease.
    @Test(.timeLimit(.minutes(10))) func isRenewedWhileSomethingIsDoneAndThenGivenBack() async throws {
        let (clock, folder) = (MovedClock(), try TemporaryFolder())
        let store = try Self.store(clock, in: folder)
        let keeper = LeaseKeeper(
            store: store.rounds,
            lease: Lease(.round, of: "t"),
            duration: .seconds(1),
            logger: Self.quiet
        )
        let other = Lease(.round, of: "other")
        #expect(try await keeper.take(within: .zero) == nil)

        try await keeper.keep {
            for _ in 1...3 {
                let end = try await store.rounds.holder(of: .round)?.until
                clock.advance(0.9)
                while try await store.rounds.holder(of: .round)?.until == end {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(try await store.rounds.lease(other, for: .seconds(1))?.name == keeper.lease.holder)
        }

        #expect(try await store.rounds.lease(other, for: .seconds(1)) == nil)
    }

    @Test func cancelsWhatIsDoneWhenItIsLost() async throws {
        let test = try await TestStore()
        let keeper = LeaseKeeper(
            store: test.store.rounds,
            lease: Lease(.round, of: "t"),
            duration: .seconds(1),
            logger: Self.quiet
        )
        #expect(try await keeper.take(within: .zero) == nil)
        let later = Date(timeIntervalSinceNow: 3000).milliseconds

        await #expect(throws: CancellationError.self) {
            try await keeper.keep {
                try await test.store.registryFile.write {
                    try $0.execute(sql: "UPDATE lease SET holder = 'thief', expires = ?", arguments: [later])
                }
                while true { try await Task.sleep(for: .seconds(1)) }
            }
        }

        #expect(try await test.store.rounds.lease(keeper.lease, for: .seconds(1))?.name == "thief")
    }

    /// A centre that was stopped in the middle does not know that its lease is over.
    @Test func letsNobodyWriteWhoLostItInTheMiddle() async throws {
        let (clock, folder) = (MovedClock(), try TemporaryFolder())
        let store = try Self.store(clock, in: folder)
        try await store.registry.apply(Fixture.registry(), by: "tester")
        let keeper = LeaseKeeper(
            store: store.rounds,
            lease: Lease(.round, of: "first"),
            duration: .seconds(600),
            logger: Self.quiet
        )
        let event = FleetEvent(time: Date(timeIntervalSince1970: 0), popID: 1, kind: .held, detail: "late")
        #expect(try await keeper.take(within: .zero) == nil)
        let report = try FakeDaemon.received(FakeDaemon.State())
        let rendering = try ConfigurationRenderer(try await store.registry.snapshot(of: .fleet)).render(1)

        try await keeper.keep {
            try await store.rounds.record([event])
            clock.advance(700)
            let second = Lease(.round, of: "second")
            #expect(try await store.rounds.lease(second, for: .seconds(600)) == nil)
            #expect(try await store.rounds.term(of: second) == 2)
            try await store.rounds.give(back: second)
            // Nobody has it now, and still it is lost.
            await #expect(throws: RegistryError.self) { try await store.rounds.record([event]) }
            await #expect(throws: RegistryError.self) {
                try await Task { try await store.rounds.record([event]) }.value
            }
            await #expect(throws: RegistryError.self) { try await store.rounds.recordDaily(event) }
            await #expect(throws: RegistryError.self) {
                try await store.rounds.hold([(1, nil)], by: "t", "r")
            }
            await #expect(throws: RegistryError.self) { try await store.rounds.release([1], by: "t") }
            await #expect(throws: RegistryError.self) {
                try await store.rounds.generation(of: rendering, author: "t", reason: "t")
            }
            await #expect(throws: RegistryError.self) {
                try await store.samples.record(report, of: 1, at: Date())
            }
        }

        #expect(try await store.history.events(limit: 10).filter { $0.detail == "late" }.count == 1)
        #expect(try await store.rounds.histories()[1]?.hold == nil)
        try await store.rounds.record([event])
    }

    @Test func hasATermThatGrowsWithEachHolder() async throws {
        let test = try await TestStore()
        let leases = (0..<3).map { Lease(.serve, of: "\($0)") }
        var terms: [Int64?] = []
        for lease in leases + [leases[2], leases[0]] {
            #expect(try await test.store.rounds.lease(lease, for: .seconds(60)) == nil)
            terms.append(try await test.store.rounds.term(of: lease))
            try await test.store.rounds.give(back: lease)
            #expect(try await test.store.rounds.term(of: lease) == nil)
        }

        #expect(terms == [1, 2, 3, 3, 4])
    }

    @Test func keepsTwoRoundsFromRunningAtOnce() async throws {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector()
        let round = Round(
            store: test.store.fleet,
            connector: connector,
            author: "t",
            reason: "t",
            logger: Self.quiet
        )
        let others = Lease(.round, of: "others")
        #expect(try await test.store.rounds.lease(others, for: .seconds(60)) == nil)

        let error = await #expect(throws: RegistryError.self) { try await round.runAlone(within: .zero) }

        #expect(error?.description.hasPrefix("another round is in progress, by others on ") == true)
        #expect(connector.daemons.withLock { $0.isEmpty })
        try await test.store.rounds.give(back: others)
        #expect(try await round.runAlone(within: .zero).count == 2)
    }
}

@Suite("A circuit breaker")
struct CircuitTests {
    @Test func triesAgainAfterGrowingPauses() {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        var (breaker, time): (CircuitBreaker?, Date) = (nil, start)
        var pauses: [TimeInterval] = []
        for _ in 0..<8 {
            let next = CircuitBreaker(after: breaker, failedAt: time, reason: "no route", jitter: 0)
            pauses.append(next.retryAt.timeIntervalSince(time))
            (breaker, time) = (next, next.retryAt)
        }

        #expect(pauses == [15, 30, 60, 120, 240, 480, 600, 600])
        #expect(breaker?.since == start)
        #expect(breaker?.failures == 8)
        #expect(breaker?.isOpen == true)
        #expect(CircuitBreaker(after: nil, failedAt: start, reason: "", jitter: 0).isOpen == false)
    }

    @Test(arguments: [-1.0, 1.0]) func variesThemByAQuarter(_ jitter: Double) {
        let breaker = CircuitBreaker(
            after: nil,
            failedAt: Date(timeIntervalSince1970: 0),
            reason: "",
            jitter: jitter
        )

        #expect(breaker.retryAt.timeIntervalSince1970 == 15 + jitter * 15 / 4)
    }
}
