import Foundation
import Synchronization
import Testing
import Wire

@testable import sixxs_central

@Suite("A connection to a PoP", .enabled(if: SSHServer.isInstalled, "needs /usr/sbin/sshd and ssh-keygen"))
struct SSHConnectorTests {
    /// Long ones: a machine that is busy with all tests at once is no failure.
    private static let patience = Duration.seconds(15)
    private static let deadlines = ConnectionDeadlines(
        lookup: Self.patience,
        connect: Self.patience,
        keyExchange: Self.patience,
        authentication: Self.patience,
        channel: Self.patience,
        greeting: Self.patience,
        request: Self.patience
    )

    private static func generation(tunnels: Int = 1) throws -> Generation {
        var configuration = Configuration()
        configuration.pop.tunnelPrefix = try Fixture.prefix("2001:db8:101::/48")
        configuration.tunnels = try (0..<tunnels).map { index in
            TunnelSettings(
                tid: try #require(TID(rawValue: UInt16(index))),
                number: try Fixture.number(UInt32(index + 1)),
                remote: .dynamic(.ayiya),
                state: .up,
                mtu: 1280,
                password: "geheim"
            )
        }
        let text = configuration.canonicalText
        return Generation(
            popID: 1,
            number: 7,
            digest: configuration.digest,
            text: text,
            created: Date(),
            author: "tester",
            reason: "test"
        )
    }

    private static func push(
        to pop: PoP,
        tunnels: Int = 1,
        _ deadlines: ConnectionDeadlines = Self.deadlines
    ) async throws(ConnectionFailure) -> PushConversation.Result {
        guard let generation = try? Self.generation(tunnels: tunnels) else { throw .cancelled }
        let conversation = PushConversation(generation: generation)
        return try await SSHConnector(deadlines: deadlines).converse(with: pop) {
            session throws(ConnectionFailure) in
            try conversation.hold(session)
        }
    }

    /// Pushes, and returns how that failed.
    private static func failure(
        _ pop: PoP,
        tunnels: Int = 1,
        _ deadlines: ConnectionDeadlines = Self.deadlines
    ) async -> ConnectionFailure? {
        do {
            _ = try await Self.push(to: pop, tunnels: tunnels, deadlines)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [1, 8192])
    func pushesAConfiguration(tunnels: Int) async throws {
        let daemon = try FakeDaemon()
        let server = try SSHServer(control: daemon.port)
        let pop = try server.pop(control: daemon.port)

        let first = try await Self.push(to: pop, tunnels: tunnels)
        let second = try await Self.push(to: pop, tunnels: tunnels)

        #expect(first.outcome == .applied)
        #expect(first.before.generation == 0)
        #expect(second.outcome == .unchanged)
        #expect(second.reply == "generation 7 unchanged")
        #expect(try ReportConversation.decode(second.report.get()).uptime == 4242)
        #expect(daemon.state.withLock(\.text) == (try Self.generation(tunnels: tunnels).text))
    }

    @Test func fetchesTheHostKey() async throws {
        let server = try SSHServer(control: 1)

        let key = try await SSHConnector().hostKey(of: server.pop(control: 1))

        #expect(key == (try server.hostKey))
        #expect(key.fingerprint.hasPrefix("SHA256:"))
    }

    @Test func speaksToNobodyWithoutATrustedKey() async throws {
        let server = try SSHServer(control: 1)
        var pop = try server.pop(control: 1)
        pop.hostKey = nil

        #expect(await Self.failure(pop) == .hostKeyUnknown)
    }

    @Test func stopsAtAChangedHostKey() async throws {
        let server = try SSHServer(control: 1)
        let pop = try server.pop(control: 1)
        let old = try server.hostKey
        try server.changeHostKey()

        let failure = await Self.failure(pop)

        let new = try server.hostKey
        #expect(failure == .hostKeyChanged(trusted: old.fingerprint, shown: new.fingerprint))
        let message = try #require(failure).message(for: pop.name)
        #expect(message.contains("THE HOST KEY HAS CHANGED"))
        #expect(message.contains("pop trust chtst01 --fingerprint \(new.fingerprint)"))
    }

    @Test func stopsAtAHostKeyOfAnotherType() async throws {
        let server = try SSHServer(control: 1)
        let pop = try server.pop(control: 1)
        let old = try server.hostKey
        try server.changeHostKey(type: "ecdsa")

        #expect(
            await Self.failure(pop)
                == .hostKeyChanged(trusted: old.fingerprint, shown: try server.hostKey.fingerprint)
        )
    }

    @Test(arguments: ["rsa", "ecdsa"])
    func trustsOtherTypesOfKeys(_ type: String) async throws {
        let daemon = try FakeDaemon()
        let server = try SSHServer(control: daemon.port)
        try server.changeHostKey(type: type)

        #expect(try await Self.push(to: server.pop(control: daemon.port)).outcome == .applied)
    }

    @Test func saysWhenItsKeyIsRefused() async throws {
        let server = try SSHServer(control: 1)
        let pop = try server.pop(control: 1)
        try server.folder.write("", to: "authorized_keys")

        #expect(await Self.failure(pop) == .keyRefused(user: pop.ssh.user, path: pop.ssh.keyFile))
    }

    @Test func saysWhenItsKeyCannotBeRead() async throws {
        let server = try SSHServer(control: 1)
        var pop = try server.pop(control: 1)

        pop.ssh.keyFile = server.folder.path("missing")
        #expect(
            await Self.failure(pop) == .keyUnreadable(path: pop.ssh.keyFile, reason: "there is no such file")
        )

        pop.ssh.keyFile = server.folder.path("sshd_config")
        let reason = "it is no private key, or has a passphrase"
        #expect(await Self.failure(pop) == .keyUnreadable(path: pop.ssh.keyFile, reason: reason))
    }

    @Test func saysWhenForwardingIsNotPermitted() async throws {
        let daemon = try FakeDaemon()
        let server = try SSHServer(control: 1)
        let pop = try server.pop(control: daemon.port)

        #expect(await Self.failure(pop) == .forwardingNotPermitted(pop.control))
    }

    @Test func saysWhenTheDaemonDoesNotListen() async throws {
        let port = try LoopbackSocket.unusedPort()
        let server = try SSHServer(control: port)
        let pop = try server.pop(control: port)

        #expect(await Self.failure(pop) == .daemonNotListening(pop.control))
    }

    @Test func saysWhenNothingListensForSSH() async throws {
        let server = try SSHServer(control: 1)
        let pop = try server.pop(control: 1)
        server.stop()

        #expect(
            await Self.failure(pop)
                == .unreachable(address: "127.0.0.1:\(server.port)", reason: "Connection refused")
        )
    }

    @Test func saysWhenTheHostHasNoAddress() async throws {
        let server = try SSHServer(control: 1)
        var pop = try server.pop(control: 1)
        pop.ssh.host = "pop.invalid"

        guard case .hostNotFound(host: "pop.invalid", _) = await Self.failure(pop) else {
            Issue.record("expected hostNotFound")
            return
        }
    }

    @Test func resolvesNames() async throws {
        let daemon = try FakeDaemon()
        let server = try SSHServer(control: daemon.port)
        var pop = try server.pop(control: daemon.port)
        pop.ssh.host = "localhost"

        #expect(try await Self.push(to: pop).outcome == .applied)
    }

    @Test func givesUpOnAServerThatHangs() async throws {
        let server = try SSHServer(control: 1)
        let pop = try server.pop(control: 1)
        server.freeze()
        var deadlines = Self.deadlines
        deadlines.keyExchange = .milliseconds(300)

        #expect(await Self.failure(pop, deadlines) == .timedOut(.keyExchange, after: .milliseconds(300)))
    }

    @Test func givesUpOnAServerThatIsNoSSHServer() async throws {
        let daemon = try FakeDaemon(.mailServer)
        let server = try SSHServer(control: 1)
        var pop = try server.pop(control: 1)
        pop.ssh.port = Int(daemon.port)
        var deadlines = Self.deadlines
        deadlines.keyExchange = .milliseconds(500)

        switch await Self.failure(pop, deadlines) {
        case .handshake, .timedOut(.keyExchange, _), .connectionLost(.keyExchange, _): break
        case let other: Issue.record("\(String(describing: other))")
        }
    }

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
        var deadlines = Self.deadlines
        switch example.behaviour {
        case .silent: deadlines.greeting = Self.short
        case .deaf, .dripping: deadlines.request = Self.short
        default: break
        }

        let failure = await Self.failure(try server.pop(control: daemon.port), deadlines)

        #expect(example.isRight(failure), "\(String(describing: failure))")
    }

    @Test(arguments: [FakeDaemon.Behaviour.cutting, .resetting])
    func noticesACutInMidPushAtOnce(_ behaviour: FakeDaemon.Behaviour) async throws {
        let daemon = try FakeDaemon(behaviour)
        let server = try SSHServer(control: daemon.port)
        let started = ContinuousClock.now

        let failure = await Self.failure(try server.pop(control: daemon.port), tunnels: 8192)

        guard case .connectionLost(.request("config push 7"), _) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(ContinuousClock.now - started < Self.patience)
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

        let failure = await Self.failure(pop, tunnels: 8192)

        guard case .connectionLost = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(ContinuousClock.now - started < Self.patience)
        #expect(daemon.state.withLock(\.pushes) == 0)
    }

    @Test func givesUpOnALineThatStallsInMidPush() async throws {
        let daemon = try FakeDaemon()
        let server = try SSHServer(control: daemon.port)
        let relay = try TCPRelay(to: server.port, after: 100_000, .stall)
        var pop = try server.pop(control: daemon.port)
        pop.ssh.port = Int(relay.port)
        var deadlines = Self.deadlines
        deadlines.request = .milliseconds(2000)

        #expect(
            await Self.failure(pop, tunnels: 8192, deadlines)
                == .timedOut(.request("config push 7"), after: .milliseconds(2000))
        )
    }

    @Test func stopsAtOnceWhenItIsCancelled() async throws {
        let daemon = try FakeDaemon(.deaf)
        let server = try SSHServer(control: daemon.port)
        let pop = try server.pop(control: daemon.port)
        let task = Task { await Self.failure(pop) }
        try await Task.sleep(for: .milliseconds(500))
        let started = ContinuousClock.now

        task.cancel()

        #expect(await task.value == .cancelled)
        #expect(ContinuousClock.now - started < .seconds(5))
    }

    @Test func carriesManyConversationsAtOnce() async throws {
        let daemon = try FakeDaemon()
        let server = try SSHServer(control: daemon.port)
        let pop = try server.pop(control: daemon.port)

        let failures = await withTaskGroup(of: ConnectionFailure?.self) { group in
            for _ in 0..<20 { group.addTask { await Self.failure(pop) } }
            return await group.reduce(into: []) { $0.append($1) }
        }

        #expect(failures.compactMap(\.self).isEmpty)
    }
}
