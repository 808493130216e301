import Foundation
import Logging
import Streams
import Synchronization
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("Monitoring is told")
struct FleetVerdictTests {
    private static func verdict(
        _ test: TestStore,
        _ connector: FakeConnector?,
        after seconds: TimeInterval = 0
    ) async throws -> FleetVerdict {
        if let connector {
            let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            let round = Round(
                store: test.store.fleet,
                connector: connector,
                author: "t",
                reason: "t",
                logger: logger
            )
            _ = try await round.run()
        }
        let status = try await FleetStatus(from: test.store.fleet, only: [])
        return FleetVerdict(status, now: Date(timeIntervalSinceNow: seconds))
    }

    @Test func thatAllIsWell() async throws {
        let test = try await TestStore(Fixture.registry())

        let verdict = try await Self.verdict(test, FakeConnector())

        #expect(verdict.level == .ok)
        #expect(
            // The second daemon says that one is up, and the registry gives it none.
            verdict.line == "OK - 2 of 2 PoPs OK, 1 of 2 tunnels up | "
                + "pops=2;;;0 pops_failed=0;;;0;2 tunnels_up=1;;;0;2 tunnels=2;;;0 "
                + "chtst01_tunnels_up=1;;;0;2 nltst01_tunnels_up=0;;;0;0"
        )
    }

    @Test func whichPoPFails() async throws {
        let test = try await TestStore(Fixture.registry())

        let verdict = try await Self.verdict(test, FakeConnector([2: .fails(.hostKeyUnknown)]))

        #expect(verdict.level == .critical)
        #expect(verdict.line.hasPrefix("CRITICAL - 1 of 2 PoPs OK"))
        // However long the machine took to come here.
        let words = /nltst01 cannot be reached since \d+ s ago, 1 attempt: no host key is trusted yet/
        #expect(verdict.line.contains(words))
        #expect(verdict.line.filter { $0 == "|" }.count == 1)
    }

    @Test func thatNothingWasEverPushed() async throws {
        let test = try await TestStore(Fixture.registry())

        let verdict = try await Self.verdict(test, nil)

        #expect(verdict.level == .critical)
        #expect(verdict.line.contains("chtst01 was never pushed to"))
    }

    @Test func thatRoundsAreOverdue() async throws {
        let test = try await TestStore(Fixture.registry())

        let verdict = try await Self.verdict(test, FakeConnector(), after: 2000)

        #expect(verdict.level == .warning)
        #expect(verdict.line.contains("expected within 1500 s"))
    }

    @Test func thatNothingIsKnown() async throws {
        #expect(try await Self.verdict(TestStore(), nil).level == .unknown)
        #expect(FleetVerdict(unreadable: "a|b\nc").line == "UNKNOWN - a/b c")
    }

    @Test func whetherPoPsHaveWhatTheRegistryHas() async throws {
        let test = try await TestStore(Fixture.registry())
        _ = try await Self.verdict(test, FakeConnector())
        try await test.store.registry.apply(
            [.amendTunnel(Fixture.number(1), TunnelAmendment(mtu: 1300))],
            by: "tester"
        )

        let status = try await FleetStatus(from: test.store.fleet, only: [])

        #expect(status.pops.map(\.isInSync) == [false, true])
        #expect(status.pops.map(\.isReachable) == [true, true])
    }

    @Test func whatIsWrongInAKernel() async throws {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector()
        var daemon = FakeDaemon.State()
        daemon.faults = "[\"the PoP's address 192.0.2.1 is gone\",\"another\"]"
        connector.daemons.withLock { $0[1] = daemon }

        let verdict = try await Self.verdict(test, connector)
        let status = try await FleetStatus(from: test.store.fleet, only: [Fixture.name()])

        #expect(verdict.level == .critical)
        let words = "chtst01 has a fault in its kernel: the PoP's address 192.0.2.1 is gone, and 1 more"
        #expect(verdict.line.contains(words))
        let document = try #require(status.pops.map { StatusDocument($0) }.first)
        #expect(document.kernelMended == Tally(2))
        #expect(document.notes.contains("fault in its kernel: another"))
        #expect(document.kernelFaults.count == 2)
    }

    @Test func whichPoPGivesNoReport() async throws {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector()
        _ = try await Self.verdict(test, connector)
        connector.scripts.withLock { $0[1] = .cannotReport }

        let verdict = try await Self.verdict(test, connector)
        let status = try await FleetStatus(from: test.store.fleet, only: [Fixture.name()])

        #expect(verdict.level == .warning)
        #expect(verdict.line.contains("chtst01 sends a doubtful report: it gives no report"))
        let notes = try #require(status.pops.map { StatusDocument($0) }.first?.notes)
        #expect(notes.contains { $0.hasPrefix("doubtful report: it gives no report") })
        // The figures are those of the last report.
        #expect(status.pops[0].history.sample?.uptime == 4242)

        connector.scripts.withLock { $0[1] = .well }
        #expect(try await Self.verdict(test, connector).level == .ok)
    }

    @Test func whatADaemonSaysNow() async throws {
        let test = try await TestStore(Fixture.registry())
        var status = try await FleetStatus(from: test.store.fleet, only: [])

        let failure = ConnectionFailure.daemonNotListening(try Fixture.pop().control)
        try await status.askDaemons(of: test.store.fleet, through: FakeConnector([2: .fails(failure)]))

        #expect(status.pops.map(\.isReachable) == [true, false])
        #expect(status.pops.map { $0.isCurrent(at: Date()) } == [true, false])
        #expect(StatusDocument(status.pops[0]).uptime == 4242)
        #expect(status.pops[1].error?.hasPrefix("nothing listens on 127.0.0.1:42003") == true)
    }

    @Test func thatATunnelOfAPoPThatCannotBeReachedIsNotUp() async throws {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector()
        _ = try await Self.verdict(test, connector)
        connector.scripts.withLock { $0[1] = .fails(.hostKeyUnknown) }

        let verdict = try await Self.verdict(test, connector)
        let status = try await FleetStatus(from: test.store.fleet, only: [Fixture.name()])
        let row = StatusDocument(status.pops[0])
        let table = StatusTable([row], now: Date()).printed(on: .endless).description

        #expect(
            verdict.line.hasPrefix(
                "CRITICAL - 1 of 2 PoPs OK, 0 of 2 tunnels up, 2 unknown; chtst01 cannot"
            )
        )
        #expect(verdict.line.contains(" tunnels_up=0;;;0;2 tunnels=2;;;0 chtst01_tunnels_up=U;;;0;2 "))
        #expect(
            (row.current, row.tunnels.up, row.tunnels.lastUp, row.tunnels.registered) == (false, nil, 1, 2)
        )
        #expect(row.inSync == nil)
        #expect(table.contains(#/chtst01 +NO +\d+ s ago +\?/\?/2 +1 +1 +0 d 01:10/#))
        let figures = try await FleetFigures(test.store.fleet, now: Date())
        #expect((figures.tunnels.up, figures.tunnels.unknown, figures.popsReachable) == (0, 2, 1))
    }

    @Test func whatTheRegistryHasBeforeAnythingWasPushed() async throws {
        let test = try await TestStore(Fixture.registry())

        let verdict = try await Self.verdict(test, nil)

        #expect(verdict.line.hasPrefix("CRITICAL - 0 of 2 PoPs OK, 0 of 2 tunnels up, 2 unknown; "))
    }

    @Test func whichGenerationIsWantedAndWhichRuns() async throws {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector()
        _ = try await Self.verdict(test, connector)
        func row() async throws -> StatusDocument {
            StatusDocument(try await FleetStatus(from: test.store.fleet, only: [Fixture.name()]).pops[0])
        }
        func words() async throws -> String {
            StatusTable([try await row()], now: Date()).printed(on: .endless).description
        }

        #expect(
            try await (row().wantedGeneration, row().runningGeneration, row().registryNewer) == (1, 1, false)
        )
        try await test.store.registry.apply(
            [.amendTunnel(Fixture.number(1), TunnelAmendment(mtu: 1300))],
            by: "tester"
        )
        #expect(try await row().registryNewer)
        #expect(try await words().contains(#/1/1/2 +1\+ +1 /#))
        try await test.store.rounds.hold([(1, 1)], by: "alice", "the change is bad")
        #expect(try await words().contains(#/1/1/2 +1 held +1 /#))
    }

    @Test func aClockThatIsOffInTheStatusToo() async throws {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector()
        var daemon = FakeDaemon.State()
        daemon.time += 3000
        connector.daemons.withLock { $0[1] = daemon }

        let verdict = try await Self.verdict(test, connector)
        let status = try await FleetStatus(from: test.store.fleet, only: [Fixture.name()])
        let notes = status.pops.map { StatusDocument($0) }.flatMap(\.notes)

        #expect(verdict.line.contains(/has a clock that is \d+ s fast/))
        #expect(notes.contains { $0.contains(#/^its clock is \d+ s fast: /#) })
    }

    @Test func noMoreThanAPluginsBufferHolds() async throws {
        var changes: [RegistryChange] = []
        for id in 1...240 {
            let (town, number) = (["chtst", "detst", "nltst"][id / 100], id % 100)
            changes.append(.addPoP(try Fixture.pop(id, town + (number < 10 ? "0" : "") + "\(number)")))
        }
        let test = try await TestStore(changes)

        let verdict = try await Self.verdict(test, nil)

        #expect((3900...FleetVerdict.longestLine).contains(verdict.line.utf8.count))
        #expect(
            verdict.line.contains(
                "; and 235 more | pops=240;;;0 pops_failed=240;;;0;240 tunnels_up=0;;;0;0 tunnels=0"
            )
        )
        #expect(verdict.line.hasSuffix("_tunnels_up=U;;;0;0"))
    }

    @Test(arguments: [
        (["check", "--bogus"], true), (["check", "-w", "x"], true), (["status", "--bogus"], false),
        ([], false),
    ])
    func inItsOwnWordsThatItWasCalledWrongly(_ arguments: [String], _ isMonitoring: Bool) throws {
        let said = CheckCommand.misuse(arguments, "Unknown option")

        #expect((said != nil) == isMonitoring)
        guard let said else { return }
        #expect(said.1 == 3)
        #expect(
            said.0.description == "UNKNOWN - Unknown option; sixxs-central check --help shows what there is"
        )
    }
}
