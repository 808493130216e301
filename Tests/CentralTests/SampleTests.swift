import Foundation
import GRDB
import Synchronization
import Testing
import Wire

@testable import Central

@Suite("Samples")
struct SampleTests {
    private static let start = Date(timeIntervalSince1970: 1_799_971_200)  // a midnight

    private static func report(_ change: (inout FakeDaemon.State) -> Void = { _ in }) throws -> ReceivedReport
    {
        var state = FakeDaemon.State()
        state.text = try TestPush.generation(tunnels: 2).text
        change(&state)
        return try FakeDaemon.received(state)
    }

    private static func steps(
        _ test: TestStore,
        _ step: SampleStep,
        _ column: String = "inBytes"
    ) async throws -> [Int64] {
        try await test.store.sampleFile.read { database in
            try Int64.fetchAll(
                database,
                sql: """
                    SELECT \(column) FROM tunnelStep WHERE seconds = ? AND tunnel = 1 AND reports > 0 ORDER BY time
                    """,
                arguments: [step.rawValue]
            )
        }
    }

    @Test func areSumsOverTheRestartsOfADaemon() async throws {
        let test = try await TestStore()
        let (first, second) = (String(repeating: "1", count: 32), String(repeating: "2", count: 32))
        // What the daemon says, and since which start; the last has its counters reset without a restart.
        let said = [(100, first), (250, first), (30, second), (90, second), (10, second)]

        for (index, (octets, instance)) in said.enumerated() {
            let report = try Self.report { ($0.inBytes, $0.instance) = (octets, instance) }
            _ = try await test.store.samples.record(
                report,
                of: 1,
                at: Self.start.addingTimeInterval(Double(index) * 600)
            )
        }

        #expect(try await Self.steps(test, .tenMinutes) == [100, 250, 280, 340, 350])
    }

    @Test func keepSummingWhenATunnelMoves() async throws {
        let test = try await TestStore()
        let other = String(repeating: "2", count: 32)

        _ = try await test.store.samples.record(try Self.report { $0.inBytes = 500 }, of: 1, at: Self.start)
        let moved = try Self.report { ($0.inBytes, $0.instance) = (20, other) }
        _ = try await test.store.samples.record(moved, of: 2, at: Self.start.addingTimeInterval(600))

        #expect(try await Self.steps(test, .tenMinutes) == [500, 520])
    }

    @Test func thinOutWithAgeWithoutGaps() async throws {
        let test = try await TestStore()
        let days = 48
        // Forty-five days of a round an hour and three of one every ten minutes, with a restart every five days.
        let times = (0..<(45 * 24)).map { $0 * 3600 } + (0..<(3 * 144)).map { 45 * 86400 + $0 * 600 }

        for (index, time) in times.enumerated() {
            let report = try Self.report { state in
                state.inBytes = (index % 120 + 1) * 1000
                state.instance = String(repeating: "0", count: 28) + "\(1000 + index / 120)"
            }
            _ = try await test.store.samples.record(
                report,
                of: 1,
                at: Self.start.addingTimeInterval(Double(time))
            )
        }

        #expect(try await Self.steps(test, .tenMinutes).count == 2 * 144 + 1)
        #expect(try await Self.steps(test, .hour).count == 42 * 24 + 1)
        #expect(try await Self.steps(test, .day).count == days)
        for step in SampleStep.allCases {
            let starts = try await Self.steps(test, step, "time")
            #expect(zip(starts, starts.dropFirst()).allSatisfy { $1 - $0 == step.rawValue * 1000 }, "\(step)")
            let octets = try await Self.steps(test, step)
            #expect(zip(octets, octets.dropFirst()).allSatisfy { $0 < $1 }, "\(step)")
            #expect(octets.last == Int64(times.count * 1000))
        }
    }

    @Test func tellWhichTunnelsWentUpAndDown() async throws {
        let test = try await TestStore()

        let first = try await test.store.samples.record(try Self.report(), of: 1, at: Self.start)
        let down = try await test.store.samples.record(
            try Self.report { $0.down = ["T2"] },
            of: 1,
            at: Self.start
        )
        let same = try await test.store.samples.record(
            try Self.report { $0.down = ["T2"] },
            of: 1,
            at: Self.start
        )
        let up = try await test.store.samples.record(try Self.report(), of: 1, at: Self.start)

        #expect(first.isEmpty)
        #expect(down.map(\.kind) == [.tunnelDown])
        #expect(down.map(\.tunnel) == [try Fixture.number(2)])
        #expect(same.isEmpty)
        #expect(up.map(\.kind) == [.tunnelUp])
        #expect(up.map(\.detail) == ["at 198.51.100.7:5072"])
    }

    @Test func takeTheMeanLatencyOfEachStep() async throws {
        let test = try await TestStore()
        func record(_ received: Int64, _ average: Double, after seconds: TimeInterval) async throws {
            var report = try Self.report()
            report.tunnels[0].latency.received = Tally(received)
            report.tunnels[0].latency.avgMs = average
            _ = try await test.store.samples.record(report, of: 1, at: Self.start.addingTimeInterval(seconds))
        }

        try await record(10, 20, after: 0)
        try await record(20, 15, after: 600)  // ten more answers, of 10 ms
        try await record(20, 15, after: 1200)  // none

        let means = try await test.store.sampleFile.read { database in
            try Row.fetchAll(
                database,
                sql: """
                    SELECT minMs, maxMs FROM tunnelStep WHERE seconds = 600 AND tunnel = 1 AND reports > 0 ORDER BY time
                    """
            )
            .map { [$0["minMs"] as Double?, $0["maxMs"] as Double?] }
        }
        #expect(means == [[20, 20], [10, 10], [nil, nil]])
        let hour = try await test.store.sampleFile.read { database in
            try Row.fetchOne(
                database,
                sql: "SELECT minMs, maxMs FROM tunnelStep WHERE seconds = 3600 AND tunnel = 1 AND reports > 0"
            )
            .map { [$0["minMs"] as Double?, $0["maxMs"] as Double?] }
        }
        #expect(hour == [10, 20])
    }

    @Test func ofTheFirstSchemaBecomeSums() async throws {
        let folder = try TemporaryFolder()
        let queue = try DatabaseQueue(path: folder.path("central-samples.db"))
        try Migrations.samples.migrate(queue, upTo: "1 samples")
        try await queue.write { database in
            for (index, (octets, instance)) in [(100, "a"), (250, "a"), (30, "b")].enumerated() {
                let time = Self.start.milliseconds + Int64(index) * 600_000
                try database.execute(
                    sql: "INSERT INTO popSample VALUES (1, ?, ?, '0.1.0', 1, 1, 'd', 1, 1, 2, 0, ?, 0, 0)",
                    arguments: [time, instance, octets]
                )
                try database.execute(
                    sql: "INSERT INTO tunnelSample VALUES (1, ?, 'up', 0, ?, 0, 0, 3, 3, 1, 2, 3)",
                    arguments: [time, octets]
                )
            }
        }
        try queue.close()

        let store = try SQLiteStore(path: folder.path("central.db"))

        let sums = try await store.sampleFile.read { database in
            try Int64.fetchAll(database, sql: "SELECT rxBytes FROM popStep WHERE seconds = 600 ORDER BY time")
                + Int64.fetchAll(
                    database,
                    sql: "SELECT inBytes FROM tunnelStep WHERE seconds = 600 ORDER BY time"
                )
        }
        #expect(sums == [100, 250, 280, 100, 250, 280])
    }
}
