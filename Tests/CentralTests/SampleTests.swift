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
        _ column: String = "sum(inBytes) OVER (ORDER BY number)"
    ) async throws -> [Int64] {
        try await test.store.sampleFile.read { database in
            try Int64.fetchAll(
                database,
                sql: "SELECT \(column) FROM tunnelStep WHERE step = ? AND tunnel = 1 ORDER BY number",
                arguments: [step.code]
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
            let numbers = try await Self.steps(test, step, "number")
            #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $1 - $0 == 1 }, "\(step)")
            let first = step.time(of: try #require(numbers.first))
            let kept = times.filter { Self.start.addingTimeInterval(Double($0)) >= first }.count
            let octets = try await Self.steps(test, step)
            #expect(zip(octets, octets.dropFirst()).allSatisfy { $0 < $1 }, "\(step)")
            #expect(octets.last == Int64(kept * 1000))
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
                    SELECT shortest, longest FROM tunnelStep WHERE step = 0 AND tunnel = 1 ORDER BY number
                    """
            )
            .map { [$0["shortest"] as Int?, $0["longest"] as Int?] }
        }
        #expect(means == [[20_000, 20_000], [10_000, 10_000], [nil, nil]])
        let hour = try await test.store.sampleFile.read { database in
            try Row.fetchOne(
                database,
                sql: "SELECT shortest, longest FROM tunnelStep WHERE step = 1 AND tunnel = 1"
            )
            .map { [$0["shortest"] as Int?, $0["longest"] as Int?] }
        }
        #expect(hour == [10_000, 20_000])
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
                    sql: "SELECT inBytes FROM tunnelStep WHERE step = 0 ORDER BY number"
                )
        }
        // A tunnel's are what it grew by; of the first nobody knows since when.
        #expect(sums == [100, 250, 280, 0, 150, 30])
    }

    /// Sums of the fifth schema: a tunnel whose counting began before its first report, one that nobody knows that of.
    @Test func ofSumsBecomeGrowth() async throws {
        let folder = try TemporaryFolder()
        let queue = try DatabaseQueue(path: folder.path("central-samples.db"))
        try Migrations.samples.migrate(queue, upTo: "5 endpoints")
        let start = Self.start.milliseconds
        try await queue.write { database in
            for (tunnel, minutes, reports, up, octets) in [
                (1, -10, 0, 0, 0), (1, 0, 1, 1, 600), (1, 10, 1, 1, 700), (1, 40, 1, 0, 1000),
                (2, 0, 1, 0, 5000), (2, 10, 2, 0, 5500),
            ] {
                try database.execute(
                    sql: "INSERT INTO tunnelStep VALUES (600, ?, ?, ?, ?, 0, ?, 0, 0, 0, 0, 0, 1.5, 2.25)",
                    arguments: [tunnel, start + Int64(minutes) * 60_000, reports, up, octets]
                )
            }
            for tunnel in 1...2 {
                try database.execute(
                    sql: """
                        INSERT INTO tunnelCounter VALUES (?, 1, ?, 'a', 'down', 0, 5500, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL)
                        """,
                    arguments: [tunnel, start]
                )
            }
        }
        try queue.close()

        let store = try SQLiteStore(path: folder.path("central.db")) { Self.start.addingTimeInterval(3600) }

        func steps(_ tunnel: UInt32) async throws -> [TrafficStep] {
            TrafficStep.differences(
                of: try await store.samples.steps(of: Fixture.number(tunnel), since: Self.start)
            )
        }
        let known = try await steps(1)
        #expect(known.map(\.inBytes.value) == [600, 100, 300])
        #expect(known.map(\.seconds) == [600, 600, 1800])
        #expect(known.map(\.longest) == [2.25, 2.25, 2.25])
        #expect(try await steps(2).map(\.inBytes.value) == [500])
        let lastUp = try await store.samples.lastUp(of: [Fixture.number(1), Fixture.number(2)])
        #expect(lastUp == [try Fixture.number(1): Self.start.addingTimeInterval(600)])
    }

    /// Where fine steps end and coarse ones begin: whole hours and days, each time in one of them.
    @Test(arguments: [0, 1, 5, 6, 143, 144, 145, 287, 288, 1000, 6047, 6048, 6049, 100_000])
    func coverATimeOnce(_ tenMinutesAgo: Int64) {
        for offset in [0, 1, 71, 143] as [Int64] {
            let now = SampleStep.tenMinutes.time(of: 3_000_000 + offset)
            let since = now.addingTimeInterval(-Double(tenMinutesAgo) * 600)
            let finest = SampleStep(reachingBack: since, from: now)

            let ranges = SampleStep.covering(since, until: now)

            var next = finest.start(of: since)
            for range in ranges {
                #expect(range.step.time(of: range.numbers.lowerBound) == next)
                next = range.step.time(of: range.numbers.upperBound + 1)
            }
            #expect(next > now && ranges.first?.step == finest)
            #expect(ranges.map(\.numbers.count).reduce(0, +) <= 12 + 48 + 42 || finest == .day)
        }
    }
}
