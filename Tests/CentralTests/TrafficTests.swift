import Foundation
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
        #expect(steps.map(\.reports) == [1, 1, 1])
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
}
