import Foundation
import GRDB
import Logging
import Synchronization
import Testing

@testable import sixxs_central

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

        #expect(try await store.lease(first, for: 30) == nil)
        #expect(try await store.lease(second, for: 30)?.name == first.holder)
        #expect(try await store.lease(Lease(.round, of: "second"), for: 30) == nil)
        clock.advance(20)
        #expect(try await store.lease(first, for: 30) == nil)
        clock.advance(29)
        #expect(try await store.lease(second, for: 30)?.name == first.holder)
        clock.advance(2)
        #expect(try await store.lease(second, for: 30) == nil)
        #expect(try await store.lease(first, for: 30)?.name == second.holder)
        try await store.give(back: first)
        #expect(try await store.lease(first, for: 30)?.name == second.holder)
        try await store.give(back: second)
        #expect(try await store.lease(first, for: 30) == nil)
    }

    @Test func isOverWhenTheClockWasFarAhead() async throws {
        let (clock, folder) = (MovedClock(), try TemporaryFolder())
        let store = try Self.store(clock, in: folder)
        #expect(try await store.lease(Lease(.serve, of: "first"), for: 30) == nil)

        clock.advance(-86400)

        #expect(try await store.lease(Lease(.serve, of: "second"), for: 30) == nil)
    }

    /// Only the test moves the store's clock, so that a slow machine does not end the lease.
    @Test(.timeLimit(.minutes(10))) func isRenewedWhileSomethingIsDoneAndThenGivenBack() async throws {
        let (clock, folder) = (MovedClock(), try TemporaryFolder())
        let store = try Self.store(clock, in: folder)
        let keeper = LeaseKeeper(store: store, lease: Lease(.round, of: "t"), seconds: 1, logger: Self.quiet)
        let other = Lease(.round, of: "other")
        #expect(try await keeper.take(within: .zero) == nil)

        try await keeper.keep {
            for _ in 1...3 {
                let end = try await store.holder(of: .round)?.until
                clock.advance(0.9)
                while try await store.holder(of: .round)?.until == end {
                    try await Task.sleep(for: .milliseconds(20))
                }
            }
            #expect(try await store.lease(other, for: 1)?.name == keeper.lease.holder)
        }

        #expect(try await store.lease(other, for: 1) == nil)
    }

    @Test func cancelsWhatIsDoneWhenItIsLost() async throws {
        let test = try await TestStore()
        let keeper = LeaseKeeper(
            store: test.store,
            lease: Lease(.round, of: "t"),
            seconds: 1,
            logger: Self.quiet
        )
        #expect(try await keeper.take(within: .zero) == nil)
        let later = Date(timeIntervalSinceNow: 3000).milliseconds

        await #expect(throws: CancellationError.self) {
            try await keeper.keep {
                try await test.store.central.write {
                    try $0.execute(sql: "UPDATE lease SET holder = 'thief', expires = ?", arguments: [later])
                }
                while true { try await Task.sleep(for: .seconds(1)) }
            }
        }

        #expect(try await test.store.lease(keeper.lease, for: 1)?.name == "thief")
    }

    @Test func keepsTwoRoundsFromRunningAtOnce() async throws {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector()
        let round = Round(
            store: test.store,
            connector: connector,
            author: "t",
            reason: "t",
            logger: Self.quiet
        )
        let others = Lease(.round, of: "others")
        #expect(try await test.store.lease(others, for: 60) == nil)

        let error = await #expect(throws: RegistryError.self) { try await round.runAlone(within: .zero) }

        #expect(error?.description.hasPrefix("another round is under way, of others on ") == true)
        #expect(connector.daemons.withLock { $0.isEmpty })
        try await test.store.give(back: others)
        #expect(try await round.runAlone(within: .zero).count == 2)
    }
}

@Suite("A circuit")
struct CircuitTests {
    @Test func triesAgainAfterGrowingPauses() {
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        var (circuit, time): (Circuit?, Date) = (nil, start)
        var pauses: [TimeInterval] = []
        for _ in 0..<8 {
            let next = Circuit(after: circuit, failedAt: time, reason: "no route", jitter: 0)
            pauses.append(next.retryAt.timeIntervalSince(time))
            (circuit, time) = (next, next.retryAt)
        }

        #expect(pauses == [15, 30, 60, 120, 240, 480, 600, 600])
        #expect(circuit?.since == start)
        #expect(circuit?.failures == 8)
        #expect(circuit?.isOpen == true)
        #expect(Circuit(after: nil, failedAt: start, reason: "", jitter: 0).isOpen == false)
    }

    @Test(arguments: [-1.0, 1.0]) func variesThemByAQuarter(_ jitter: Double) {
        let circuit = Circuit(
            after: nil,
            failedAt: Date(timeIntervalSince1970: 0),
            reason: "",
            jitter: jitter
        )

        #expect(circuit.retryAt.timeIntervalSince1970 == 15 + jitter * 15 / 4)
    }
}
