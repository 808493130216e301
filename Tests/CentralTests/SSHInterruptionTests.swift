import Foundation
import Synchronization
import Testing
import Wire

@testable import Central

@Suite(
    "A conversation with a PoP",
    .enabled(if: SSHServer.isInstalled, "needs /usr/sbin/sshd and ssh-keygen")
)
struct SSHInterruptionTests {
    /// A daemon that misbehaves, and what is said about it.
    struct Misbehaviour: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let behaviour: FakeDaemon.Behaviour
        let isRight: @Sendable (ConnectionFailure?) -> Bool
    }

    static let misbehaviours = [
        Misbehaviour(testDescription: "silent", behaviour: .silent) {
            $0 == .timedOut(.greeting, after: Self.short)
        },
        Misbehaviour(testDescription: "deaf", behaviour: .deaf) {
            $0 == .timedOut(.request("config digest"), after: Self.short)
        },
        Misbehaviour(testDescription: "an octet now and then", behaviour: .dripping) {
            $0 == .timedOut(.request("config digest"), after: Self.short)
        },
        Misbehaviour(testDescription: "a mail server", behaviour: .mailServer) {
            if case .nonsense(.greeting, _) = $0 { true } else { false }
        },
        Misbehaviour(testDescription: "babbling", behaviour: .babbling) {
            if case .nonsense(.request("config digest"), _) = $0 { true } else { false }
        },
        Misbehaviour(testDescription: "refusing", behaviour: .refusing) {
            $0
                == .refused(
                    .request("config push 7"),
                    reply: "400 push:12:9: expected an MTU from 1280 to 1480, found \"9000\""
                )
        },
        Misbehaviour(testDescription: "lying", behaviour: .lying) {
            if case .nonsense(.request("config digest"), _) = $0 { true } else { false }
        },
    ]

    private static let short = Duration.milliseconds(400)

    @Test(arguments: misbehaviours)
    func saysWhatIsWrongWithADaemon(_ example: Misbehaviour) async throws {
        let daemon = try FakeDaemon(example.behaviour)
        let server = try SSHServer(control: daemon.port)
        var deadlines = TestPush.deadlines
        switch example.behaviour {
        case .silent: deadlines.greeting = Self.short
        case .deaf, .dripping: deadlines.request = Self.short
        default: break
        }

        let failure = await TestPush.failure(try server.pop(control: daemon.port), deadlines)

        #expect(example.isRight(failure), "\(String(describing: failure))")
    }

    @Test(arguments: [FakeDaemon.Behaviour.cutting, .resetting])
    func noticesACutInMidPushAtOnce(_ behaviour: FakeDaemon.Behaviour) async throws {
        let daemon = try FakeDaemon(behaviour)
        let server = try SSHServer(control: daemon.port)
        let started = ContinuousClock.now

        let failure = await TestPush.failure(try server.pop(control: daemon.port), tunnels: 8192)

        guard case .connectionLost(.request("config push 7"), _) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(ContinuousClock.now - started < TestPush.patience)
    }

    /// Octets that the line carries before it is cut: in the handshake, in the login, in a push.
    @Test(arguments: [100, 2000, 4000, 20_000, 200_000])
    func noticesACutLineAtOnce(after octets: Int) async throws {
        let daemon = try FakeDaemon()
        let server = try SSHServer(control: daemon.port)
        let relay = try TCPRelay(to: server.port, after: octets, .cut)
        var pop = try server.pop(control: daemon.port)
        pop.ssh.port = Int(relay.port)
        let started = ContinuousClock.now

        let failure = await TestPush.failure(pop, tunnels: 8192)

        guard case .connectionLost = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(ContinuousClock.now - started < TestPush.patience)
        #expect(daemon.state.withLock(\.pushes) == 0)
    }

    @Test func givesUpOnALineThatStallsInMidPush() async throws {
        let daemon = try FakeDaemon()
        let server = try SSHServer(control: daemon.port)
        let relay = try TCPRelay(to: server.port, after: 100_000, .stall)
        var pop = try server.pop(control: daemon.port)
        pop.ssh.port = Int(relay.port)
        var deadlines = TestPush.deadlines
        deadlines.request = .milliseconds(2000)

        #expect(
            await TestPush.failure(pop, tunnels: 8192, deadlines)
                == .timedOut(.request("config push 7"), after: .milliseconds(2000))
        )
    }

    @Test func stopsAtOnceWhenItIsCancelled() async throws {
        let daemon = try FakeDaemon(.deaf)
        let server = try SSHServer(control: daemon.port)
        let pop = try server.pop(control: daemon.port)
        let task = Task { await TestPush.failure(pop) }
        try await Task.sleep(for: .milliseconds(500))
        let started = ContinuousClock.now

        task.cancel()

        #expect(await task.value == .cancelled)
        #expect(ContinuousClock.now - started < TestPush.patience)
    }

    @Test func carriesManyConversationsAtOnce() async throws {
        let daemon = try FakeDaemon()
        let server = try SSHServer(control: daemon.port)
        let pop = try server.pop(control: daemon.port)

        let failures = await withTaskGroup(of: ConnectionFailure?.self) { group in
            for _ in 0..<20 { group.addTask { await TestPush.failure(pop) } }
            return await group.reduce(into: []) { $0.append($1) }
        }

        #expect(failures.compactMap(\.self).isEmpty)
    }
}
