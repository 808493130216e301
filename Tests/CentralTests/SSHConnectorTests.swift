import Foundation
import Synchronization
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("A connection to a PoP", .enabled(if: SSHServer.isInstalled, "needs /usr/sbin/sshd and ssh-keygen"))
struct SSHConnectorTests {
    @Test(arguments: [1, 8192])
    func pushesAConfiguration(tunnels: Int) async throws {
        let daemon = try FakeDaemon()
        let server = try SSHServer(control: daemon.port)
        let pop = try server.pop(control: daemon.port)

        let first = try await TestPush.push(to: pop, tunnels: tunnels)
        let second = try await TestPush.push(to: pop, tunnels: tunnels)

        #expect(first.push == .onTrial("generation 7 applied: tunnels +1 ~0 -0, subnets +0 ~0 -0"))
        #expect(first.before.generation == 0)
        #expect(second.push == .unchanged("generation 7 unchanged"))
        #expect(try second.report.get().tunnels.count == tunnels)
        #expect(daemon.state.withLock { $0.confirmed == nil })
        #expect(daemon.state.withLock(\.text) == (try TestPush.generation(tunnels: tunnels).text))
    }

    @Test func survivesAReportThatIsNestedWithoutEnd() async throws {
        let daemon = try FakeDaemon(.nesting(30_000))
        let server = try SSHServer(control: daemon.port)

        let result = try await TestPush.push(to: try server.pop(control: daemon.port))

        #expect(result.push.isOnTrial)
        #expect(throws: ConnectionFailure.self) { try result.report.get() }
    }

    /// Where the next reply begins, nobody knows: what is asked afterwards must not get the rest for an answer.
    @Test func isOfNoUseAfterAReplyThatWasNotReadToItsEnd() async throws {
        let daemon = try FakeDaemon(.nesting(200_000))
        let server = try SSHServer(control: daemon.port)

        let failure = await TestPush.failure(try server.pop(control: daemon.port))

        guard case .nonsense(.request("pop report"), _) = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(daemon.state.withLock(\.pushes) == 0)
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

        #expect(await TestPush.failure(pop) == .hostKeyUnknown)
    }

    @Test func stopsAtAChangedHostKey() async throws {
        let server = try SSHServer(control: 1)
        let pop = try server.pop(control: 1)
        let old = try server.hostKey
        try server.changeHostKey()

        let failure = await TestPush.failure(pop)

        let new = try server.hostKey
        #expect(failure == .hostKeyChanged(trusted: old.fingerprint, shown: new.fingerprint))
        let message = try #require(failure).message(for: pop.name)
        #expect(message.contains("THE HOST KEY HAS CHANGED"))
        #expect(message.contains("the server showed \(new.fingerprint)"))
        #expect(message.contains("pop trust chtst01 --fingerprint FINGERPRINT with what stands there"))
    }

    @Test func stopsAtAHostKeyOfAnotherType() async throws {
        let server = try SSHServer(control: 1)
        let pop = try server.pop(control: 1)
        let old = try server.hostKey
        try server.changeHostKey(type: "ecdsa")

        #expect(
            await TestPush.failure(pop)
                == .hostKeyChanged(trusted: old.fingerprint, shown: try server.hostKey.fingerprint)
        )
    }

    @Test(arguments: ["rsa", "ecdsa"])
    func trustsOtherTypesOfKeys(_ type: String) async throws {
        let daemon = try FakeDaemon()
        let server = try SSHServer(control: daemon.port)
        try server.changeHostKey(type: type)

        #expect(try await TestPush.push(to: server.pop(control: daemon.port)).push.isOnTrial)
    }

    @Test func saysWhenItsKeyIsRefused() async throws {
        let server = try SSHServer(control: 1)
        let pop = try server.pop(control: 1)
        try server.folder.write("", to: "authorized_keys")

        #expect(await TestPush.failure(pop) == .keyRefused(user: pop.ssh.user, path: pop.ssh.keyFile))
    }

    @Test func saysWhenItsKeyCannotBeRead() async throws {
        let server = try SSHServer(control: 1)
        var pop = try server.pop(control: 1)

        pop.ssh.keyFile = server.folder.path("missing")
        #expect(
            await TestPush.failure(pop)
                == .keyUnreadable(path: pop.ssh.keyFile, reason: "there is no such file")
        )

        pop.ssh.keyFile = server.folder.path("sshd_config")
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: pop.ssh.keyFile)
        let reason = "it is not a private key, or it has a passphrase, which a service cannot enter"
        #expect(await TestPush.failure(pop) == .keyUnreadable(path: pop.ssh.keyFile, reason: reason))
    }

    @Test(arguments: [0o640, 0o604, 0o666]) func refusesToUseAKeyThatOthersCanRead(_ mode: Int) async throws {
        let server = try SSHServer(control: 1)
        let pop = try server.pop(control: 1)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: pop.ssh.keyFile)

        let reason = "others can read it: make a new one, or run chmod 600 \(pop.ssh.keyFile)"
        #expect(await TestPush.failure(pop) == .keyUnreadable(path: pop.ssh.keyFile, reason: reason))
    }

    @Test func saysWhenForwardingIsNotPermitted() async throws {
        let daemon = try FakeDaemon()
        let server = try SSHServer(control: 1)
        let pop = try server.pop(control: daemon.port)

        #expect(await TestPush.failure(pop) == .forwardingNotPermitted(pop.control))
    }

    @Test func saysWhenTheDaemonDoesNotListen() async throws {
        let port = try LoopbackSocket.unusedPort()
        let server = try SSHServer(control: port)
        let pop = try server.pop(control: port)

        #expect(await TestPush.failure(pop) == .daemonNotListening(pop.control))
    }

    @Test func saysWhenNothingListensForSSH() async throws {
        let server = try SSHServer(control: 1)
        let pop = try server.pop(control: 1)
        server.stop()

        #expect(
            await TestPush.failure(pop)
                == .unreachable(address: "127.0.0.1:\(server.port)", reason: "Connection refused")
        )
    }

    @Test func saysWhenTheHostHasNoAddress() async throws {
        let server = try SSHServer(control: 1)
        var pop = try server.pop(control: 1)
        pop.ssh.host = "pop.invalid"

        guard case .hostNotFound(host: "pop.invalid", _) = await TestPush.failure(pop) else {
            Issue.record("expected hostNotFound")
            return
        }
    }

    @Test(arguments: [
        "192.0.2.010", "3221225985", "192.0.513", "0xc0.0.2.1", "192.0.2.0x1", "1.2.3.4.5", "fe80::1::2",
        "0x",
    ])
    func resolvesNothingThatIsAnAddressWrittenOtherwise(_ host: String) async throws {
        var pop = try Fixture.pop()
        pop.ssh.host = host
        pop.hostKey = try HostKey(parsing: Fixture.publicKey)

        guard case .hostNotFound(host, _) = await TestPush.failure(pop) else {
            Issue.record("\(host) was looked up")
            return
        }
        #expect(throws: SyntaxError.self) { try OptionParsers.sshHost(host) }
    }

    @Test(arguments: [
        "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "pop.example.net", "pop1", "10.example", "0x.example",
    ])
    func takesNamesAndAddresses(_ host: String) throws {
        #expect(try OptionParsers.sshHost(host) == host)
    }

    @Test func triesBothFamiliesByTurns() {
        let addresses = [10, 10, 10, 2, 2].enumerated().map { index, family in
            SocketAddress(family: family, octets: [UInt8(index)])
        }

        #expect(NameLookup.interleaved(addresses).map(\.octets) == [[0], [3], [1], [4], [2]])
        #expect(NameLookup.interleaved([]).isEmpty)
    }

    @Test func resolvesNames() async throws {
        let daemon = try FakeDaemon()
        let server = try SSHServer(control: daemon.port)
        var pop = try server.pop(control: daemon.port)
        pop.ssh.host = "localhost"

        #expect(try await TestPush.push(to: pop).push.isOnTrial)
    }

    @Test func givesUpOnAServerThatHangs() async throws {
        let server = try SSHServer(control: 1)
        let pop = try server.pop(control: 1)
        server.freeze()
        var deadlines = TestPush.deadlines
        deadlines.keyExchange = .milliseconds(300)

        #expect(await TestPush.failure(pop, deadlines) == .timedOut(.keyExchange, after: .milliseconds(300)))
    }

    @Test func givesUpOnAServerThatIsNoSSHServer() async throws {
        let daemon = try FakeDaemon(.mailServer)
        let server = try SSHServer(control: 1)
        var pop = try server.pop(control: 1)
        pop.ssh.port = Int(daemon.port)
        var deadlines = TestPush.deadlines
        deadlines.keyExchange = .milliseconds(500)

        switch await TestPush.failure(pop, deadlines) {
        case .handshake, .timedOut(.keyExchange, _), .connectionLost(.keyExchange, _): break
        case let other: Issue.record("\(String(describing: other))")
        }
    }
}
