import TestSupport
import Testing
import Wire

@testable import Central

@Suite("What is said of a connection that failed") struct ConnectionWordsTests {
    private static let control = Endpoint(.ipv4(IPv4Address(127, 0, 0, 1)), port: 42003)

    // swift-format-ignore
    static let sentences: [Row<ConnectionFailure, String>] = [
        Row("connect", .timedOut(.connect(to: "192.0.2.1 port 22"), after: .seconds(5)),
            is: "TCP connection to 192.0.2.1 port 22 timed out after 5 s: is the host up? Does a firewall block the connection?"),
        Row("lookup", .timedOut(.lookup, after: .seconds(5)), is: "name lookup timed out after 5 s: does this host's DNS work (getent hosts NAME)?"),
        Row("keys", .timedOut(.keyExchange, after: .seconds(10)),
            is: "SSH key exchange timed out after 10 s: is it sshd that listens there, and is its host overloaded?"),
        Row("greeting", .timedOut(.greeting, after: .seconds(10)),
            is: "daemon's greeting timed out after 10 s: is sixxsd or the connection to it hanging? On the PoP: systemctl status sixxsd"),
        Row("refused", .unreachable(address: "192.0.2.1 port 22", reason: "Connection refused"),
            is: "cannot connect to 192.0.2.1 port 22: Connection refused; is the host up, and sshd listening there?"),
        Row("name", .hostNotFound(host: "pop.example", reason: "Name or service not known"),
            is: "the name pop.example was not found (Name or service not known): correct it with sixxs-central pop set chtst01 --ssh-host NAME, "
                + "or this host's DNS (getent hosts pop.example)"),
        Row("key", .keyUnreadable(path: "/k", reason: "there is no such file"),
            is: "cannot use the private key /k: there is no such file; sixxs-central doctor chtst01 says how to fix it"),
        Row("lost", .connectionLost(.request("pop report"), reason: "Connection reset by peer"),
            is: "the connection was lost during the reply to \"pop report\": Connection reset by peer; the logs of sshd and sixxsd on the PoP say more"),
        Row("refusal", .refused(.request("config push 7"), reply: "425 refused"), is: "the daemon refused the request \"config push 7\": 425 refused"),
        Row("refusal at once", .refused(.greeting, reply: "403 not allowed"), is: "the daemon refused the connection: 403 not allowed"),
        Row("no daemon", .daemonNotListening(control), is: "nothing listens on 127.0.0.1:42003 of the PoP: is sixxsd running, with --control 127.0.0.1:42003?"),
    ]

    @Test(arguments: sentences)
    func isTheThingThePlaceAndTheNextStep(_ row: Row<ConnectionFailure, String>) throws {
        #expect(row.input.message(for: try Fixture.name()) == row.output)
    }

    @Test func offersNoChangedKeyReadyToPaste() throws {
        let shown = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        let message = ConnectionFailure.hostKeyChanged(trusted: "SHA256:B", shown: shown).message(
            for: try Fixture.name()
        )

        #expect(message.contains("the server showed \(shown)"), "what was seen is kept")
        #expect(!message.contains("--fingerprint \(shown)"))
        #expect(message.contains("read the fingerprint on its console"))
    }
}
