import TLS
import TestSupport
import Testing
import Wire

@testable import sixxs_client

/// What the client says to a TIC server, and makes of its answers.
@Suite("A login by TIC") struct TICLoginTests {
    /// A server that answers each command from a script, and notes what it is told.
    private final class Script: TICTransport {
        private let replies: [String: [String]]
        private var waiting = ["200 ready"]
        private(set) var said: [String] = []

        init(_ replies: [String: [String]]) { self.replies = replies }

        func send(_ line: String) {
            self.said.append(line)
            let words = line.split(separator: " ").prefix(2).joined(separator: " ")
            self.waiting += self.replies[line] ?? self.replies[words] ?? ["200 yes"]
        }

        func beginTLS(trusting trust: TLSContext.Trust) { self.said.append("(\(trust))") }

        func receive() throws(LoginFailure) -> [UInt8] {
            guard !self.waiting.isEmpty else { throw LoginFailure("closed", .unreachable) }
            return Array(self.waiting.removeFirst().utf8)
        }
    }

    static let tunnel = [
        "TunnelId: T5072", "Type: ayiya", "IPv6 Endpoint: 2001:db8:2ff:1::2", "IPv6 POP: 2001:db8:2ff:1::1",
        "IPv6 PrefixLength: 64", "Tunnel MTU: 1428", "Tunnel Name: home", "POP Id: chtst01",
        "IPv4 Endpoint: ayiya",
        "IPv4 POP: 192.0.2.42", "UserState: enabled", "AdminState: enabled", "Password: geheim",
        "Heartbeat_Interval: 60",
    ]
    static let pop = ["POPId: chtst01", "City: -", "IPv4: 192.0.2.42", "IPv6: 2001:db8::42"]

    static func replies(_ changes: [String: [String]] = [:]) -> [String: [String]] {
        [
            "get unixtime": ["200 1000"],
            "challenge sha256": ["200 c0ffee"],
            "challenge md5": ["200 c0ffee"],
            "tunnel list": ["201 list", "T5072 2001:db8:2ff:1::2 ayiya chtst01", "202 end"],
            "tunnel show": ["201 show"] + Self.tunnel + ["202 end"],
            "pop show": ["201 show"] + Self.pop + ["202 end"],
        ].merging(changes) { $1 }
    }

    private static func logIn(
        _ changes: [String: [String]] = [:],
        tunnel: TunnelNumber? = nil,
        tls: TICEncryption = .no,
        at time: UInt64 = 1000
    ) throws(LoginFailure) -> (answer: TICAnswer, said: [String]) {
        guard let server = TICServerName("tic.example.net") else { throw LoginFailure("no name", .nonsense) }
        let script = Script(Self.replies(changes))
        let account = TICAccount(
            server: server,
            user: "jdoe",
            secret: TunnelPassword("secret"),
            tunnel: tunnel,
            tls: tls
        )
        var login = TICLogin(account, over: script)
        return (try login.run(at: time), script.said)
    }

    @Test func saysWhatAICCUSays() throws {
        let (answer, said) = try Self.logIn()
        let digest = TICScheme.sha256.digest(ofSecret: Array("secret".utf8)) ?? ""
        let response = TICScheme.sha256.response(to: "c0ffee", secretDigest: digest) ?? ""
        #expect(
            said == [
                "client TIC/draft-00 sixxs-client/\(Release.version) Linux", "get unixtime", "username jdoe",
                "challenge sha256", "authenticate sha256 \(response)", "tunnel list", "tunnel show T5072",
                "pop show chtst01", "QUIT Thank you",
            ]
        )
        #expect(!said.joined().contains("secret"))
        #expect(answer.kind == .ayiya && answer.mtu == 1428 && answer.beatInterval == 60)
        #expect(answer.password == TunnelPassword("geheim"))
        #expect(answer.identity.description == "2001:db8:2ff:1::2")
        #expect(answer.popAddresses.map(\.description) == ["192.0.2.42", "2001:db8::42"])
    }

    @Test func takesMD5WhereTheServerKnowsNoOther() throws {
        let said = try Self.logIn(["challenge sha256": ["400 what?"]]).said
        #expect(
            said.contains { $0.hasPrefix("authenticate md5 ") } && !said.contains { $0.contains(" clear") }
        )
    }

    @Test func encryptsWhereItCanOrMust() throws {
        let refusal = ["starttls": ["400 TLS is not offered here"]]
        #expect(!(try Self.logIn().said.contains("starttls")))
        #expect(
            Array(try Self.logIn(tls: .attempt).said[2...4]) == ["starttls", "(anybody)", "username jdoe"]
        )
        #expect(
            Array(try Self.logIn(tls: .require).said[2...4]) == ["starttls", "(certified)", "username jdoe"]
        )
        #expect(Array(try Self.logIn(refusal, tls: .attempt).said[2...3]) == ["starttls", "username jdoe"])
        let failure = #expect(throws: LoginFailure.self) { try Self.logIn(refusal, tls: .require) }
        #expect(failure?.kind == .refused && failure?.description.contains("offers no TLS") == true)
    }

    @Test func takesKeysInAnyOrder() throws {
        let lines =
            ["201 show"] + Self.tunnel.reversed().map { $0.replacing(": ", with: ":   ") } + ["202 end"]
        #expect(try Self.logIn(["tunnel show": lines]).answer == Self.logIn().answer)
    }

    @Test func needsNoPoPs() throws {
        #expect(
            try Self.logIn(["pop show": ["404 none"]]).answer.popAddresses.map(\.description) == [
                "192.0.2.42"
            ]
        )
    }

    @Test func choosesTheTunnelThatIsWanted() throws {
        let list = [
            "tunnel list": ["201 list", "T1 ::2 ayiya chtst01", "T5072 ::2 ayiya chtst01", "202 end"]
        ]
        let answer = try Self.logIn(list, tunnel: TunnelNumber(rawValue: 5072)).answer
        #expect(answer.tunnel.rawValue == 5072)
    }

    // swift-format-ignore
    static let failures: [(name: String, replies: [String: [String]], kind: LoginFailure.Kind, words: String)] = [
        ("a wrong secret",      ["authenticate sha256": ["500 Wrong username or secret"]],          .refused,     "refused the login of jdoe"),
        ("no challenge",        ["challenge sha256": ["400 no"], "challenge md5": ["400 no"]],      .refused,     "neither challenge"),
        ("no tunnels",          ["tunnel list": ["201 list", "202 end"]],                           .refused,     "has no tunnels"),
        ("two tunnels",         ["tunnel list": ["201 list", "T1 a b c", "T2 a b c", "202 end"]],   .refused,     "T1, T2"),
        ("a busy server",       ["client TIC/draft-00": ["500 Too many connections"]],              .unreachable, "500 Too many"),
        ("a list without end",  ["tunnel list": ["201 list"]],                                      .unreachable, "closed"),
        ("an endless list",     ["tunnel list": ["201 list"] + [String](repeating: "T1 a b c", count: 5000)], .nonsense, "has no end"),
        ("no list",             ["tunnel list": ["200 list"]],                                      .refused,     "tunnel list"),
        ("no TIC",              ["get unixtime": ["HTTP/1.1 400 Bad Request"]],                     .nonsense,    "does not speak TIC"),
        ("no time",             ["get unixtime": ["200 noon"]],                                     .nonsense,    "time"),
        ("a clock ahead",       ["get unixtime": ["200 879"]],                                      .unreachable, "121 s ahead"),
        ("a clock behind",      ["get unixtime": ["200 1121"]],                                     .unreachable, "121 s behind"),
    ]

    @Test(arguments: failures)
    func failsWith(_ name: String, _ replies: [String: [String]], _ kind: LoginFailure.Kind, _ words: String)
    {
        do throws(LoginFailure) {
            _ = try Self.logIn(replies)
            Issue.record("\(name) was taken")
        } catch {
            #expect(error.kind == kind && error.description.contains(words), "\(error)")
        }
    }

    /// A line of `tunnel show` in the place of the one with the same key.
    // swift-format-ignore
    static let lines: [(line: String, words: String)] = [
        ("AdminState: disabled",             "disabled by the operators"),
        ("UserState: requested",             "disabled by its user"),
        ("Type: 6to4",                       "\"Type\""),
        ("IPv6 Endpoint: 2001:db8:2ff:1::3", "\"IPv6 Endpoint\""),
        ("IPv6 Endpoint: fe80::2",           "\"IPv6 Endpoint\""),
        ("Tunnel MTU: 65536",                "\"Tunnel MTU\""),
        ("Tunnel MTU: 1279",                 "\"Tunnel MTU\""),
        ("Heartbeat_Interval: 0",            "\"Heartbeat_Interval\""),
        ("Password: ",                       "\"Password\""),
        ("IPv4 POP: 224.0.0.1",              "\"IPv4 POP\""),
        ("IPv4 POP: pop.example.net",        "\"IPv4 POP\""),
        ("TunnelId: 5072",                   "\"TunnelId\""),
    ]

    @Test(arguments: lines) func refuses(_ line: String, _ words: String) {
        let key = line.prefix { $0 != ":" }
        let tunnel = Self.tunnel.map { $0.hasPrefix("\(key):") ? line : $0 }
        do throws(LoginFailure) {
            _ = try TICAnswer(tunnel, pop: ["IPv4: 224.0.0.1"])
            Issue.record("\(line) was taken")
        } catch {
            #expect(error.description.contains(words), "\(error)")
        }
    }

    @Test(
        arguments: tunnel.filter { line in
            !["IPv6 POP", "IPv6 Prefix", "Tunnel Name", "IPv4 Endpoint"].contains { line.hasPrefix($0) }
        }
    )
    func missesNothingSilently(_ line: String) {
        #expect(throws: LoginFailure.self) { try TICAnswer(Self.tunnel.filter { $0 != line }, pop: Self.pop) }
    }

    @Test func aStaticTunnelHasNoPassword() throws {
        let lines = Self.tunnel.map {
            $0.replacing("Type: ayiya", with: "Type: 6in4").replacing("geheim", with: "none")
        }
        let answer = try TICAnswer(lines, pop: Self.pop)
        #expect(answer.kind == .sixInFour && answer.password == nil && answer.popAddresses.count == 1)
    }

    // swift-format-ignore
    static let names: [(String, String?)] = [
        ("tic.example.net",      "tic.example.net"),
        ("tic.example.net:3874", "tic.example.net"),
        ("tic.example.net:4000", "tic.example.net:4000"),
        ("192.0.2.1",            "192.0.2.1"),
        ("192.0.2.1:4000",       "192.0.2.1:4000"),
        ("2001:db8::1",          "2001:db8::1"),
        ("[2001:db8::1]:4000",   "[2001:db8::1]:4000"),
        ("tic.example.net:0",    nil),
        ("tic.example.net:",     nil),
        ("a b",                  nil),
        ("",                     nil),
    ]

    @Test(arguments: names) func hasAServer(_ text: String, _ description: String?) {
        #expect(TICServerName(text)?.description == description)
    }
}
