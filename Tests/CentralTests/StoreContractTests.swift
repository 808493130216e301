import Foundation
import Synchronization
import Testing
import Wire

@testable import Central

/// A way to keep the fleet's state: what every test of the contract is run against.
struct StoreMaker: Sendable, CustomTestStringConvertible {
    let testDescription: String

    /// Makes an empty store with a clock of the test's.
    let make: @Sendable (TemporaryFolder, @escaping @Sendable () -> Date) throws -> FleetStore

    static let all = [
        StoreMaker(testDescription: "SQLite") { folder, now in
            try SQLiteStore(path: folder.path("central.db"), now: now).fleet
        }
    ]
}

/// What the rest of the centre relies on, whatever the store is made of.
@Suite("Every store")
struct StoreContractTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    /// A store, its folder, and the time that it takes for now.
    private final class Bench: Sendable {
        let folder: TemporaryFolder
        let time = Mutex(StoreContractTests.start)

        init() throws { self.folder = try TemporaryFolder() }

        func store(_ maker: StoreMaker, _ changes: [RegistryChange] = []) async throws -> FleetStore {
            let store = try maker.make(self.folder) { self.time.withLock { $0 } }
            try await store.registry.apply(changes, by: "tester")
            return store
        }

        func advance(_ seconds: TimeInterval) { self.time.withLock { $0.addTimeInterval(seconds) } }
    }

    private static func visit(
        _ outcome: PushOutcome,
        _ generation: Int?,
        breaker: CircuitBreaker? = nil
    ) -> VisitRecord {
        let attempt = PushAttempt(
            popID: 1,
            generation: generation,
            started: Self.start,
            duration: .milliseconds(1500),
            outcome: outcome,
            detail: "words"
        )
        return VisitRecord(attempt: attempt, isAsked: true, breaker: breaker, events: [])
    }

    private static func rendering(_ store: FleetStore) async throws -> Rendering {
        try ConfigurationRenderer(try await store.registry.snapshot(of: .fleet)).render(1)
    }

    @Test(arguments: StoreMaker.all)
    func allocatesTheLowestThatIsFree(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())

        let snapshot = try await store.registry.snapshot(of: .fleet)

        #expect(snapshot.tunnels.map(\.number.description) == ["T1", "T2"])
        #expect(snapshot.tunnels.map(\.tid.rawValue) == [0, 1])
        #expect(snapshot.subnets.map(\.prefix.description) == ["2001:db8:201::/56"])
        #expect(try await store.registry.tunnelNumbers()[1]?.count == 2)
        #expect(try await store.registry.tunnelCounts(by: .type) == ["ayiya": 1, "static": 1])
        #expect(try await store.registry.populationCounts() == (users: 0, subnets: 1))
    }

    @Test(arguments: StoreMaker.all)
    func neverGivesANumberTwice(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())
        let new = NewTunnel(pop: try Fixture.name(), end: .ayiya(.random()))

        try await store.registry.apply([.removeTunnel(Fixture.number(2))], by: "t")
        try await store.registry.apply([.addTunnel(new)], by: "t")

        let present = try await store.registry.numberedSnapshot()
        #expect(present.snapshot.tunnels.map(\.number.description).sorted() == ["T1", "T3"])
        #expect(present.numbers.count == 3)
    }

    @Test(arguments: StoreMaker.all)
    func makesAllChangesOrNone(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())
        let before = try await store.registry.snapshot(of: .fleet)
        let good = RegistryChange.amendPoP(try Fixture.name(), PoPAmendment(city: "Anderswo"))

        await #expect(throws: RegistryError.self) {
            try await store.registry.apply([good, .removePoP(try Fixture.name())], by: "t")
        }
        try await store.registry.apply([good], by: "t", mode: .rehearse)
        #expect(try await store.registry.snapshot(of: .fleet) == before)

        try await store.registry.apply([good], by: "t", expecting: before.revision, mode: .commit)
        await #expect(throws: RegistryError.self) {
            try await store.registry.apply([good], by: "t", expecting: before.revision, mode: .commit)
        }
        let changes = try await store.registry.changes(since: before.revision)
        #expect(changes.map(\.subject) == ["pop chtst01"])
        #expect(try await store.history.audit(of: ["chtst01"], HistoryWindow()).last == changes.last)
        #expect(try await store.registry.violations().isEmpty)
    }

    @Test(arguments: StoreMaker.all)
    func countsGenerationsByTheirText(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())

        let first = try await store.rounds.generation(of: Self.rendering(store), author: "t", reason: "t")
        let same = try await store.rounds.generation(of: Self.rendering(store), author: "u", reason: "u")
        try await store.registry.apply(
            [.amendTunnel(Fixture.number(1), TunnelAmendment(mtu: 1300))],
            by: "t"
        )
        let second = try await store.rounds.generation(of: Self.rendering(store), author: "t", reason: "t")

        #expect((first.number, same.number, second.number) == (1, 1, 2))
        #expect(try await store.rounds.generation(1, of: 1).text == first.text)
        await #expect(throws: RegistryError.self) { try await store.rounds.generation(3, of: 1) }
        let summaries = try await store.history.generationSummaries(of: 1, limit: 5)
        #expect(summaries.map(\.number) == [2, 1])
    }

    @Test(arguments: StoreMaker.all)
    func remembersHowVisitsWent(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())
        _ = try await store.rounds.generation(of: Self.rendering(store), author: "t", reason: "t")
        let breaker = CircuitBreaker(after: nil, failedAt: Self.start, reason: "no route", jitter: 0)

        try await store.rounds.record(Self.visit(.applied, 1))
        try await store.rounds.record(Self.visit(.failed, nil, breaker: breaker))
        let failed = try #require(try await store.rounds.histories()[1])
        try await store.rounds.record(Self.visit(.unchanged, 1))
        let well = try #require(try await store.rounds.histories()[1])

        #expect(failed.pushes?.last.outcome == .failed && failed.pushes?.lastSuccess?.outcome == .applied)
        #expect(failed.breaker == breaker && failed.confirmedGeneration == 1)
        #expect(well.breaker == nil && well.pushes?.last.outcome == .unchanged)
        let contacts = try await store.history.contacts(of: [1], HistoryWindow(last: 10))
        #expect(contacts.filter { $0.kind == .push }.map(\.outcome) == ["applied", "failed", "unchanged"])
        #expect(try await store.history.pushes(of: 1, HistoryWindow(last: 1)).map(\.outcome) == ["unchanged"])
    }

    @Test(arguments: StoreMaker.all)
    func keepsPoPsOnGenerationsUntilTheyAreReleased(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())

        _ = try await store.rounds.generation(of: Self.rendering(store), author: "t", reason: "t")
        try await store.rounds.hold([(1, 1), (2, nil)], by: "tester", "a reason")
        let held = try await store.rounds.histories()
        try await store.rounds.release([1], by: "tester")
        let released = try await store.rounds.histories()

        #expect(held[1]?.hold?.generation == 1 && held[2]?.hold?.reason == "a reason")
        #expect(released[1]?.hold == nil && released[2]?.hold != nil)
        #expect(try await store.history.events(limit: 1).map(\.kind) == [.released])
        let window = HistoryWindow(last: 5)
        #expect(try await store.history.events(of: [2], and: [], window).map(\.event.kind) == [.held])
    }

    @Test(arguments: StoreMaker.all)
    func recordsOneEventOfAKindADay(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())
        func event(_ seconds: TimeInterval) -> FleetEvent {
            FleetEvent(
                time: Self.start.addingTimeInterval(seconds),
                popID: 1,
                kind: .doubted,
                detail: "words"
            )
        }

        #expect(try await store.rounds.recordDaily(event(0)))
        #expect(try await !store.rounds.recordDaily(event(3600)))
        #expect(try await store.rounds.recordDaily(event(90_000)))
    }

    @Test(arguments: StoreMaker.all)
    func lendsALeaseToOneAtATime(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker)
        let (first, second) = (Lease(.serve, of: "first"), Lease(.serve, of: "second"))

        #expect(try await store.rounds.lease(first, for: .seconds(30)) == nil)
        #expect(try await store.rounds.lease(second, for: .seconds(30))?.name == first.holder)
        let term = try #require(try await store.rounds.term(of: first))
        bench.advance(31)
        #expect(try await store.rounds.lease(second, for: .seconds(30)) == nil)
        #expect(try await store.rounds.term(of: first) == nil)
        #expect(try await store.rounds.term(of: second) == term + 1)
        #expect(try await store.rounds.holder(of: .serve)?.name == second.holder)
        try await store.rounds.give(back: second)
        #expect(try await store.rounds.lease(first, for: .seconds(30)) == nil)
    }

    @Test(arguments: StoreMaker.all)
    func refusesWhatIsWrittenUnderALostLease(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())
        let (first, second) = (Lease(.round, of: "first"), Lease(.round, of: "second"))
        _ = try await store.rounds.lease(first, for: .seconds(30))
        let term = try #require(try await store.rounds.term(of: first))
        bench.advance(31)
        _ = try await store.rounds.lease(second, for: .seconds(30))

        await LeaseFence.$held.withValue([LeaseFence(lease: first, term: term)]) {
            await #expect(throws: RegistryError.self) {
                try await store.rounds.hold([(1, 1)], by: "late", "late")
            }
            await #expect(throws: RegistryError.self) {
                try await store.samples.record(doubts: "late", of: 1, at: Self.start)
            }
        }

        #expect(try await store.rounds.histories()[1]?.hold == nil)
        #expect(try await store.samples.latestSamples().isEmpty)
    }

    @Test(arguments: StoreMaker.all)
    func sumsWhatDaemonsReport(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())
        var state = FakeDaemon.State()
        state.text = try TestPush.generation(tunnels: 3).text
        for (index, octets) in [100, 250, 400].enumerated() {
            state.inBytes = octets
            let time = Self.start.addingTimeInterval(Double(index) * 600)
            bench.time.withLock { $0 = time }
            _ = try await store.samples.record(try FakeDaemon.received(state), of: 1, at: time)
        }
        try await store.samples.record(doubts: "words", of: 1, at: Self.start)

        let steps = try await store.samples.steps(of: Fixture.number(1), since: Self.start)

        // Of the 100 octets before the first report those of its own step: its daemon had run for 4242 s.
        #expect(TrafficStep.differences(of: steps).map(\.inBytes.value) == [11, 150, 150])
        #expect(try await store.samples.steps(ofPoP: 1, since: Self.start).count == 4)
        #expect(try await store.samples.latestSamples()[1]?.doubts == "words")
        // T3 is in no registry.
        #expect(try await store.samples.forgetStrangers() == 1)
        #expect(try await store.samples.forgetStrangers() == 0)
    }

    @Test(arguments: StoreMaker.all)
    func keepsWhatPoPsMeasureOfEachOther(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())
        let path = try #require(PeerPath(to: 2, isIPv6: true))
        let gone = try #require(PeerPath(to: 99, isIPv6: false))
        var state = FakeDaemon.State()
        state.text = try TestPush.generation(tunnels: 1).text
        // What the daemon says it has sent, and since which start; one report says nothing, one starts anew.
        let said = [(100, "1"), (110, "1"), (nil, "1"), (125, "1"), (7, "2")]
        for (index, (sent, instance)) in said.enumerated() {
            state.instance = String(repeating: instance, count: 32)
            var report = try FakeDaemon.received(state)
            if let sent {
                var roundTrips = RoundTrips()
                for _ in 1..<sent { roundTrips.count(microseconds: 20_000) }
                let (all, answered) = (Tally(clamping: sent), Tally(clamping: sent - 1))
                report.peers[path] = .init(sent: all, received: answered, roundTrips: roundTrips)
            }
            report.peers[gone] = .init(sent: Tally(clamping: index), received: .zero)
            let time = Self.start.addingTimeInterval(Double(index) * 600)
            bench.time.withLock { $0 = time }
            _ = try await store.samples.record(report, of: 1, at: time)
        }

        let steps = try await store.samples.peerSteps(ofPoP: 1, since: Self.start)
        let rows = try await ReadPeers(of: try Fixture.name(), since: Self.start)
            .run(in: Centre(store: store, connector: FakeConnector(), author: "tester"))
        let document = try #require(rows.first.map { PeerDocument($0) })

        // Of the first nobody knows since when it was counted.
        #expect(steps.map { $0.probes[path].sent.value } == [10, 0, 15, 7])
        #expect(steps.map { $0.probes[path].received.value } == [10, 0, 15, 6])
        #expect(steps.map { $0.probes[path].roundTrips.total } == [10, 0, 15, 6])
        #expect(steps.map(\.time.timeIntervalSince1970) == (1...4).map { 1_800_000_000 + 600 * Double($0) })
        #expect(try await store.samples.peerSteps(ofPoP: 2, since: Self.start).isEmpty)
        // PoP 99 is in no registry.
        #expect(rows.count == 1)
        #expect((document.family, document.sent) == ("ipv6", Tally(clamping: 32)))
        #expect(document.lossPercent == 3.13)
        #expect(document.medianMs.map { (16...32).contains($0) } == true)
        bench.advance(3 * 86400)
        let days = try await store.samples.peerSteps(ofPoP: 1, since: Self.start.addingTimeInterval(-3600))
        #expect(days.map { $0.probes[path].sent.value }.reduce(0, +) == 32)
    }

    @Test(arguments: StoreMaker.all)
    func remembersHowTunnelsWere(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())
        let (first, second) = (try Fixture.number(1), try Fixture.number(2))
        var state = FakeDaemon.State()
        state.text = try TestPush.generation(tunnels: 2).text
        let steps: [(down: Set<String>, octets: Int, endpoint: String)] = [
            ([], 100, "198.51.100.7:5072"), (["T1"], 250, "198.51.100.8"),
            (["T1", "T2"], 400, "198.51.100.8:7"),
        ]
        for (index, step) in steps.enumerated() {
            (state.down, state.inBytes, state.endpoint) = step
            let time = Self.start.addingTimeInterval(Double(index) * 600)
            bench.time.withLock { $0 = time }
            let report = try FakeDaemon.received(state)
            try await store.rounds.record(try await store.samples.record(report, of: 1, at: time))
        }
        func after(_ seconds: TimeInterval) -> Date { Self.start.addingTimeInterval(seconds) }

        let samples = try await store.samples.tunnelSamples()
        let turns = try await store.history.latestTurns(of: [first, second, Fixture.number(3)])
        let traffic = try await store.samples.tunnelTraffic(since: after(600))
        let here = try IPAddress(parsing: "198.51.100.7")
        let there = try IPAddress(parsing: "198.51.100.8")

        #expect(samples[first] == TunnelSample(popID: 1, time: after(1200), state: .down))
        #expect(turns.mapValues(\.time) == [first: after(600), second: after(1200)])
        #expect(
            try await store.samples.lastUp(of: [first, second]) == [first: after(0), second: after(600)]
        )
        #expect(traffic[first]?.fromUser.value == 300)
        #expect(
            try await store.samples.endpointSpans(at: here, after(599)).map(\.until) == [
                after(600), after(600),
            ]
        )
        #expect(try await store.samples.endpointSpans(at: here, after(600)).isEmpty)
        #expect(
            try await store.samples.endpointSpans(at: there, after(900)).map(\.since) == [
                after(600), after(600),
            ]
        )
        #expect(try await store.samples.endpointsKnownSince() == after(0))
        // Complaints come late: where a tunnel that is gone ended stays for half a year.
        try await store.registry.apply([.removeTunnel(second)], by: "t")
        #expect(try await store.samples.forgetStrangers() == 1)
        #expect(try await store.samples.endpointSpans(at: there, after(900)).count == 2)
        bench.advance(27 * 7 * 86400)
        _ = try await store.samples.forgetStrangers()
        #expect(try await store.samples.endpointSpans(at: there, after(900)).map(\.tunnel) == [first])
    }

    @Test(arguments: StoreMaker.all)
    func findsWhatWasChangedAndWhen(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())
        bench.advance(60)
        try await store.registry.apply([.renamePoP(try Fixture.name(), try Fixture.name("chzrh01"))], by: "t")
        let revision = try await store.registry.snapshot(of: .fleet).revision

        #expect(try await store.history.historyStart() == Self.start)
        #expect(try await store.history.revision(at: Self.start.addingTimeInterval(-1)) == nil)
        #expect(try await store.history.revision(at: Self.start.addingTimeInterval(59)) == revision - 1)
        let changes = try await store.history.changes(of: "pop chtst01", upTo: revision)
        #expect(changes.map(\.action) == ["add", "change"])
        #expect(try await store.history.changes(of: "pop chtst01", upTo: revision - 1).count == 1)
        let snapshot = try await store.registry.snapshot(of: .infrastructure)
        #expect(snapshot.formerNames.map(\.name.description) == ["chtst01"])
        #expect(try await store.rounds.histories()[1]?.formerNames == ["chtst01"])
        #expect(
            try await store.registry.neverGiven([Fixture.number(1), Fixture.number(9)]) == [Fixture.number(9)]
        )
    }

    @Test(arguments: StoreMaker.all)
    func remembersWhatIsAcknowledgedAndTellsTheAudit(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())
        let end = Self.start.addingTimeInterval(3600)

        try await store.rounds.acknowledge([1, 2], until: end, by: "tester", "a reason")
        try await store.rounds.hold([(1, nil)], by: "tester", "another")
        let known = try await store.rounds.histories()
        try await store.rounds.withdrawAcknowledgements(of: [1], by: "tester")
        try await store.rounds.release([1, 2], by: "tester")

        #expect(known[1]?.acknowledgement?.until == end && known[2]?.acknowledgement?.reason == "a reason")
        #expect(try await store.rounds.histories()[1]?.acknowledgement == nil)
        let window = HistoryWindow(last: 6)
        #expect(
            try await store.history.events(of: [1], and: [], window).map(\.event.kind)
                == [.acknowledged, .held, .unacknowledged, .released]
        )
        #expect(
            try await store.history.audit(of: ["chtst01"], window).map { "\($0.action) \($0.subject)" }
                .suffix(4)
                == [
                    "add acknowledgement chtst01", "add hold chtst01", "remove acknowledgement chtst01",
                    "remove hold chtst01",
                ]
        )
    }

    @Test(arguments: StoreMaker.all)
    func isWholeAndCanBeCopied(_ maker: StoreMaker) async throws {
        let bench = try Bench()
        let store = try await bench.store(maker, Fixture.registry())
        let request = BackupRequest(
            path: bench.folder.path("copy.db"),
            includesSamples: true,
            mayReplace: false
        )
        var written: [WrittenBackup] = []

        try await store.upkeep.backUp(request) { written.append($0) }

        #expect(try await store.upkeep.damage().isEmpty)
        #expect(!written.isEmpty && written.allSatisfy { $0.size > 0 })
        await #expect(throws: RegistryError.self) { try await store.upkeep.backUp(request) { _ in } }
    }
}
