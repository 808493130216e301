import Foundation
import GRDB
import Testing
import Wire

@testable import Central

@Suite("A clock that was ahead")
struct ForwardClockTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)
    private static let year = 365.0 * 86400

    private static func visit(
        _ outcome: PushOutcome,
        after seconds: TimeInterval,
        generation: Int? = 1
    ) -> VisitRecord {
        VisitRecord(
            attempt: PushAttempt(
                popID: 1,
                generation: generation,
                started: Self.start.addingTimeInterval(seconds),
                duration: .seconds(1),
                outcome: outcome,
                detail: "visit \(Int(seconds))"
            ),
            isAsked: true,
            breaker: nil,
            events: []
        )
    }

    private static func counts(_ test: TestStore) async throws -> [Int] {
        try await test.store.registryFile.read { database in
            try ["push", "poll", "event"].map {
                try Int.fetchOne(database, sql: "SELECT count(*) FROM \($0)") ?? 0
            }
        }
            + test.store.sampleFile.read { database in
                try ["popStep", "tunnelStep"].map { table in
                    try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)") ?? 0
                }
            }
    }

    private static func generations(_ test: TestStore) async throws {
        for mtu in [1280, 1300] {
            try await test.store.registry.apply(
                [.amendTunnel(Fixture.number(1), TunnelAmendment(mtu: mtu))],
                by: "t"
            )
            let rendering = try ConfigurationRenderer(try await test.store.registry.snapshot(of: .fleet))
                .render(1)
            _ = try await test.store.rounds.generation(of: rendering, author: "t", reason: "t")
        }
    }

    @Test func doesNotMakeAVisitTheLastOne() async throws {
        let test = try await TestStore(Fixture.registry())
        try await Self.generations(test)

        try await test.store.rounds.record(Self.visit(.applied, after: 0))
        try await test.store.rounds.record(Self.visit(.failed, after: Self.year))
        try await test.store.rounds.record(Self.visit(.applied, after: 600, generation: 2))
        try await test.store.rounds.record(Self.visit(.applied, after: 2 * Self.year))
        try await test.store.rounds.record(Self.visit(.applied, after: 1200, generation: 2))

        let history = try #require(try await test.store.rounds.histories()[1])
        #expect(history.pushes?.last.detail == "visit 1200")
        #expect(history.pushes?.lastSuccess?.detail == "visit 1200")
        #expect(history.confirmedGeneration == 2)
        #expect(history.pushes?.confirmedDigest == history.latestDigest)
    }

    @Test func doesNotReorderTheLog() async throws {
        let test = try await TestStore(Fixture.registry())
        try await Self.generations(test)

        let month = 30.0 * 86400
        for seconds in [0, month, 600] {
            try await test.store.rounds.record(Self.visit(.applied, after: seconds))
        }

        let all = try await test.store.history.contacts(of: [], HistoryWindow())
        #expect(all.map(\.kind) == [.push, .poll, .push, .poll, .push, .poll])
        let times = all.map { $0.started.timeIntervalSince(Self.start) }
        #expect(times == [0, 0, month, month, 600, 600])
        #expect(
            try await test.store.history.pushes(of: 1, HistoryWindow(last: 1)).map(\.detail) == ["visit 600"]
        )
    }

    @Test func isNotRecentUntilItsTimeComes() async throws {
        let test = try await TestStore(Fixture.registry())
        try await Self.generations(test)
        let drift = FleetEvent(
            time: Self.start.addingTimeInterval(Self.year),
            popID: 1,
            kind: .drifted,
            detail: "d"
        )
        try await test.store.rounds.record(Self.visit(.applied, after: 0, generation: 2))
        try await test.store.rounds.record([drift])
        let status = try await FleetStatus(from: test.store.fleet, only: [Fixture.name()])

        let now = FleetVerdict(status, now: Self.start.addingTimeInterval(60))
        let then = FleetVerdict(status, now: Self.start.addingTimeInterval(Self.year + 60))
        let before = FleetVerdict(status, now: Self.start.addingTimeInterval(-3600))

        #expect("\(now.line)".hasPrefix("OK"))
        #expect("\(then.line)".contains("ran another configuration"))
        #expect("\(before.line)".contains("was last visited in the future"))
    }

    @Test func erasesNoMoreThanItAdds() async throws {
        let test = try await TestStore(Fixture.registry())
        var state = FakeDaemon.State()
        state.text = try ConfigurationRenderer(try await test.store.registry.snapshot(of: .fleet)).render(1)
            .text
        try await Self.generations(test)
        let flap = FleetEvent(
            time: Self.start,
            popID: 1,
            tunnel: try Fixture.number(1),
            kind: .tunnelUp,
            detail: "up"
        )
        for index in 0..<20 {
            let time = Double(index) * 700
            try await test.store.rounds.record(Self.visit(.unchanged, after: time))
            try await test.store.rounds.record([flap, flap])
            _ = try await test.store.samples.record(
                try FakeDaemon.received(state),
                of: 1,
                at: Self.start.addingTimeInterval(time)
            )
        }
        let before = try await Self.counts(test)

        for years in [1.0, 10] {
            let ahead = Self.start.addingTimeInterval(years * Self.year)
            try await test.store.rounds.record(Self.visit(.unchanged, after: years * Self.year))
            var late = flap
            late = FleetEvent(time: ahead, popID: 1, tunnel: late.tunnel, kind: .tunnelDown, detail: "down")
            try await test.store.rounds.record([late])
            _ = try await test.store.samples.record(try FakeDaemon.received(state), of: 1, at: ahead)
        }

        let after = try await Self.counts(test)
        #expect(zip(before, after).allSatisfy { $0 <= $1 }, "\(before) \(after)")
        let steps = try await SQLiteStore(path: test.folder.path("central.db")) {
            Self.start.addingTimeInterval(14_400)
        }.samples.steps(of: Fixture.number(1), since: Self.start)
        #expect(steps.count > 15)
        #expect(steps.allSatisfy { $0.time < Self.start.addingTimeInterval(14_400) })
    }

    @Test func leavesWhatIsOldToGoInTime() async throws {
        let test = try await TestStore(Fixture.registry())
        try await Self.generations(test)

        for day in 0..<60 {
            try await test.store.rounds.record(Self.visit(.unchanged, after: Double(day) * 86400))
        }

        #expect(try await Self.counts(test).prefix(2) == [43, 43])
    }
}
