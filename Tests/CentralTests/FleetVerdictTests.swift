import Foundation
import Logging
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
            verdict.line == "OK - 2 of 2 PoPs well, 2 of 4 tunnels up | "
                + "pops=2;;;0 pops_failed=0;;;0;2 tunnels_up=2;;;0;4 tunnels=4;;;0"
        )
    }

    @Test func whichPoPFails() async throws {
        let test = try await TestStore(Fixture.registry())

        let verdict = try await Self.verdict(test, FakeConnector([2: .fails(.hostKeyUnknown)]))

        #expect(verdict.level == .critical)
        #expect(verdict.line.hasPrefix("CRITICAL - 1 of 2 PoPs well"))
        // However long the machine took to come here.
        let words = /nltst01 cannot be reached since \d+ s ago, 1 attempts: no host key is trusted yet/
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
        let document = try #require(status.pops.map(StatusDocument.init).first)
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
        #expect(verdict.line.contains("chtst01 is not believed: it gives no report"))
        let notes = try #require(status.pops.map(StatusDocument.init).first?.notes)
        #expect(notes.contains { $0.hasPrefix("not believed: it gives no report") })
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
        #expect(StatusDocument(status.pops[0]).uptime == 4242)
        #expect(status.pops[1].error?.hasPrefix("nothing listens on 127.0.0.1:42003") == true)
    }
}
