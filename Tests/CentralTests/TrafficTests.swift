import Foundation
import Synchronization
import Testing
import Wire

@testable import Central

@Suite("Traffic over time")
struct TrafficTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    private static func step(
        _ minutes: Int,
        _ octets: Int64,
        sent: Int64 = 0,
        received: Int64 = 0,
        latency: Int64 = 0
    ) -> CounterStep {
        let (sent, received, latency) = (
            Tally(clamping: sent), Tally(clamping: received), Tally(clamping: latency)
        )
        return CounterStep(
            time: Self.start.addingTimeInterval(Double(minutes) * 60),
            reports: 2,
            up: 1,
            inPackets: Tally(clamping: octets / 100),
            inBytes: Tally(clamping: octets),
            outPackets: Tally(clamping: octets / 50),
            outBytes: Tally(clamping: octets * 2),
            sent: sent,
            received: received,
            latency: latency
        )
    }

    @Test func isTheDifferenceOfNeighbours() throws {
        let steps = TrafficStep.differences(of: [
            Self.step(0, 1000), Self.step(10, 7000, sent: 10, received: 8, latency: 40_000),
            Self.step(30, 7000, sent: 20, received: 8, latency: 40_000),
        ])

        let first = try #require(steps.first)
        let second = try #require(steps.last)
        #expect(steps.count == 2)
        #expect([first.inBytes, first.outBytes, first.inPackets].map(\.value) == [6000, 12000, 60])
        #expect((first.seconds, first.rate(first.inBytes)) == (600, 80))
        #expect((first.loss, first.mean) == (20, 5))
        #expect((second.seconds, second.inBytes.value) == (1200, 0))
        #expect(second.loss == 100)
        #expect(second.mean == nil)
    }

    @Test func isNothingWithoutTwoSteps() {
        #expect(TrafficStep.differences(of: []).isEmpty)
        #expect(TrafficStep.differences(of: [Self.step(0, 1)]).isEmpty)
    }

    @Test func sumsReportsOverTheRestartOfADaemon() async throws {
        let test = try await TestStore(Fixture.registry())
        var clock = Self.start
        var state = FakeDaemon.State()
        state.text = try ConfigurationRenderer(try await test.store.registry.snapshot(of: .fleet)).render(1)
            .text
        let store = try SQLiteStore(path: test.folder.path("central.db")) {
            Self.start.addingTimeInterval(3600)
        }
        for (octets, instance) in [(1000, "a"), (4000, "a"), (500, "b")] {
            state.inBytes = octets
            state.instance = String(repeating: instance, count: 32)
            let report = try FakeDaemon.received(state)
            _ = try await store.samples.record(report, of: 1, at: clock)
            clock += 600
        }

        let steps = try await store.samples.steps(
            of: Fixture.number(1),
            since: Self.start.addingTimeInterval(600)
        )
        let ofPoP = try await store.samples.steps(ofPoP: 1, since: Self.start.addingTimeInterval(600))

        #expect(TrafficStep.differences(of: steps).map(\.inBytes.value) == [3000, 500])
        #expect(steps.map(\.reports) == [0, 1, 1])
        #expect(ofPoP.count == 3)
        #expect(TrafficStep.differences(of: ofPoP).map(\.outBytes.value) == [0, 1000])
        let traffic = try await store.samples.traffic(since: Self.start.addingTimeInterval(600))
        #expect((traffic.fromUplink.value, traffic.toUplink.value) == (1000, 2000))
    }

    @Test func isShownInUnitsThatFit() {
        #expect(
            [0, 999, 1500, 12_000_000, 3_400_000_000].map { HumanFormat.bitRate($0) }
                == ["0 bit/s", "999 bit/s", "1.5 kbit/s", "12 Mbit/s", "3.4 Gbit/s"]
        )
    }

    /// What a daemon counted before its first report: its uptime at that report, and of its 1000 octets those of the last day and
    /// of the last week, to the precision of a step.
    struct FirstReport: Sendable {
        let name: String
        let uptime: Int?
        let lastDay: ClosedRange<Int64>
        let lastWeek: ClosedRange<Int64>
    }

    // swift-format-ignore
    static let firstReports = [
        FirstReport(name: "started this minute",          uptime: 30,             lastDay: 1000...1000, lastWeek: 1000...1000),
        FirstReport(name: "started this hour",            uptime: 1800,           lastDay: 1000...1000, lastWeek: 1000...1000),
        FirstReport(name: "started half a day ago",       uptime: 43_200,         lastDay: 1000...1000, lastWeek: 1000...1000),
        FirstReport(name: "started two days ago",         uptime: 2 * 86_400,     lastDay: 490...520,   lastWeek: 1000...1000),
        FirstReport(name: "started two weeks ago",        uptime: 14 * 86_400,    lastDay: 65...80,     lastWeek: 490...520),
        FirstReport(name: "ran for years",                uptime: 1000 * 86_400,  lastDay: 1...2,       lastWeek: 7...8),
        FirstReport(name: "does not say how long",        uptime: nil,            lastDay: 0...0,       lastWeek: 0...0),
    ]

    @Test(arguments: firstReports)
    func countsWhatCameBeforeTheFirstReport(_ row: FirstReport) async throws {
        let test = try await TestStore(Fixture.registry())
        let now = Self.start
        let store = try SQLiteStore(path: test.folder.path("central.db")) { now }
        let state = try await Self.state(of: test)
        var report = try FakeDaemon.received(state)
        report.uptime = row.uptime
        _ = try await store.samples.record(report, of: 1, at: now)

        let day = try await store.samples.traffic(since: now.addingTimeInterval(-86400))
        let week = try await store.samples.traffic(since: now.addingTimeInterval(-7 * 86400))
        let tunnel = try await store.samples.steps(
            of: Fixture.number(1),
            since: now.addingTimeInterval(-86400)
        )

        #expect(row.lastDay.contains(day.fromUplink.value), "\(row.name): \(day)")
        #expect(row.lastWeek.contains(week.fromUplink.value), "\(row.name): \(week)")
        // Twice as much came to the uplink as from it, and as much from a tunnel's user.
        #expect((2 * row.lastDay.lowerBound...2 * row.lastDay.upperBound).contains(day.toUplink.value))
        let ofTunnel = TrafficStep.differences(of: tunnel).map(\.inBytes).sum.value
        #expect((2 * row.lastDay.lowerBound...2 * row.lastDay.upperBound).contains(ofTunnel), "\(row.name)")
    }

    @Test func keepsWhatCameBeforeTheFirstReportWhileItIsInTheWindow() async throws {
        let test = try await TestStore(Fixture.registry())
        let clock = Mutex(Self.start)
        let store = try SQLiteStore(path: test.folder.path("central.db")) { clock.withLock(\.self) }
        var report = try FakeDaemon.received(try await Self.state(of: test))
        report.uptime = 1000 * 86_400
        for _ in 0..<300 {
            _ = try await store.samples.record(report, of: 1, at: clock.withLock(\.self))
            clock.withLock { $0 += 600 }
            report.uptime = report.uptime.map { $0 + 600 }
        }

        let week = try await store.samples.traffic(
            since: clock.withLock { $0.addingTimeInterval(-7 * 86400) }
        )
        let day = try await store.samples.traffic(since: clock.withLock { $0.addingTimeInterval(-86400) })

        // Nothing came since; of the years before, five days lie in the week.
        #expect((4...6).contains(week.fromUplink.value), "\(week)")
        #expect(day.fromUplink == .zero)
    }

    /// What counting begins with: the uptime, how long ago the report before was, and how long ago counting began.
    // swift-format-ignore
    @Test(arguments: [
        ("never reported, start known",       3600, nil,  3600),
        ("never reported, nothing known",     nil,  nil,  nil),
        ("restarted since the report before", 100,  600,  100),
        ("a tunnel that is new there",        9000, 600,  600),
        ("a report without its uptime",       nil,  600,  600),
    ] as [(String, Int?, Int?, Int?)])
    func beginsToCount(_ name: String, _ uptime: Int?, _ earlier: Int?, _ begin: Int?) async throws {
        let test = try await TestStore(Fixture.registry())
        var report = try FakeDaemon.received(try await Self.state(of: test))
        report.uptime = uptime
        func ago(_ seconds: Int?) -> Date? { seconds.map { Self.start.addingTimeInterval(-Double($0)) } }

        #expect(CountingStart(report, at: Self.start, after: ago(earlier)).time == ago(begin), "\(name)")
    }

    @Test func beginsAtATimeBetweenTwoSteps() {
        let steps = [Self.step(0, 1000), Self.step(100, 2000), Self.step(110, 5000)]
        func first(_ minutes: Double) -> Int64? {
            steps.beginning(at: Self.start.addingTimeInterval(minutes * 60)).first?.inBytes.value
        }

        #expect([-1, 0, 25, 99, 100, 105].map(first) == [1000, 1000, 1250, 1990, 1000, 1000])
    }

    private static func state(of test: TestStore) async throws -> FakeDaemon.State {
        var state = FakeDaemon.State()
        state.text = try ConfigurationRenderer(try await test.store.registry.snapshot(of: .fleet)).render(1)
            .text
        return state
    }
}
