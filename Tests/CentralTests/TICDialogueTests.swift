import Testing
import Wire

@testable import Central
@testable import CentralTIC

/// Conversations word for word: `C` is what a client sends, `S` what it is answered, `X` that the connection ends.
@Suite("What is said over TIC") struct TICDialogueTests {
    /// A registry in which jdoe has the ayiya T1 and the static T2, with a secret of its own, and roe the heartbeat T3.
    private struct Site {
        let test: TestStore

        init() async throws {
            let (jdoe, roe) = (try UserHandle(parsing: "jdoe"), try UserHandle(parsing: "roe"))
            func secret(_ text: String) throws -> PasswordHash {
                PasswordHash(of: try Password(parsing: text))
            }
            self.test = try await TestStore(
                Fixture.registry() + [
                    .addUser(jdoe, UserAmendment(password: try secret("jdoe-secret"))),
                    .addUser(roe, UserAmendment(password: try secret("roe-secret"))),
                    .addUser(try UserHandle(parsing: "nologin"), UserAmendment()),
                    .addTunnel(
                        NewTunnel(
                            pop: try Fixture.name("nltst01"),
                            end: .heartbeat(try Password(parsing: "hartslag")),
                            mtu: 1280
                        )
                    ),
                    .amendTunnel(Fixture.number(1), TunnelAmendment(owner: .user(jdoe))),
                    .amendTunnel(
                        Fixture.number(2),
                        TunnelAmendment(isUserEnabled: false, owner: .user(jdoe))
                    ),
                    .amendTunnel(
                        Fixture.number(2),
                        TunnelAmendment(ticSecret: .secret(try secret("t2-secret")))
                    ),
                    .amendTunnel(Fixture.number(3), TunnelAmendment(isEnabled: false, owner: .user(roe))),
                ]
            )
        }

        /// What comes back when a client says this, as the transcripts have it.
        func play(_ lines: [String], _ rules: TICDialogue.Rules) async throws -> [String] {
            var dialogue = TICDialogue(rules) { "c0ffee" }
            var said: [String] = []
            for line in lines {
                guard said.last != "X" else { break }
                said.append("C \(line)")
                var step = dialogue.receive(Array(Self.filled(line).utf8), isAlone: true, at: 1_700_000_000)
                if case .authenticate(let claim) = step {
                    let account = claim.account
                    let access = try await account.asyncMap {
                        try await LogInClient($0, claim.proof).run(in: Centre(self.test))
                    }
                    step = dialogue.finish(access ?? nil)
                }
                switch step {
                case .reply(let lines): said += lines.map { "S \($0)" }
                case .end(let lines): said += lines.map { "S \($0)" } + ["X"]
                case .startTLS(let line):
                    said.append("S \(line)")
                    dialogue.encrypt()
                case .authenticate: Issue.record("asked twice")
                }
            }
            return said
        }

        /// `{md5 secret}` becomes what answers the challenge.
        private static func filled(_ line: String) -> String {
            guard let start = line.firstIndex(of: "{"), let end = line.firstIndex(of: "}") else {
                return line
            }
            let words = line[line.index(after: start)..<end].split(separator: " ")
            let scheme = TICScheme(rawValue: String(words[0])) ?? .clear
            let digest = scheme.digest(ofSecret: Array(words[1].utf8)) ?? ""
            return line[..<start] + (scheme.response(to: "c0ffee", secretDigest: digest) ?? "")
                + line[line.index(after: end)...]
        }
    }

    static let login = """
        C username jdoe
        S 200 Choose a challenge
        C challenge md5
        S 200 c0ffee
        C authenticate md5 {md5 jdoe-secret}
        S 200 Successfully logged in

        """

    static let transcripts: [(name: String, text: String)] = [
        (
            "AICCU's dialogue",
            """
            C client TIC/draft-00 AICCU/2007.01.15-console-linux Linux/6.1.0
            S 200 Client Identity accepted
            C get unixtime
            S 200 1700000000
            C starttls
            S 400 TLS is not offered here
            \(Self.login)C tunnel list
            S 201 Listing tunnels
            S T1 2001:db8:101::2 ayiya chtst01
            S T2 2001:db8:101:1::2 198.51.100.7 chtst01
            S 202 End of the list
            C tunnel show T1
            S 201 Showing tunnel T1
            S TunnelId: T1
            S Type: ayiya
            S IPv6 Endpoint: 2001:db8:101::2
            S IPv6 POP: 2001:db8:101::1
            S IPv6 PrefixLength: 64
            S Tunnel MTU: 1428
            S Tunnel Name: T1
            S POP Id: chtst01
            S IPv4 Endpoint: ayiya
            S IPv4 POP: 192.0.2.1
            S UserState: enabled
            S AdminState: enabled
            S Password: geheim
            S Heartbeat_Interval: 60
            S 202 End of the list
            C pop show chtst01
            S 201 Showing PoP chtst01
            S POPId: chtst01
            S City: Teststadt
            S Country: CH
            S IPv4: 192.0.2.1
            S IPv6: 2001:db8::1
            S ISP Short: -
            S ISP Name: -
            S ISP Website: -
            S ISP ASN: -
            S ISP LIR: -
            S 202 End of the list
            C QUIT Thanks for all the fish
            S 200 Goodbye
            X
            """
        ),
        (
            "a static tunnel that its user disabled, logged in for alone, by SHA-256",
            """
            C username JDOE/t2
            S 200 Choose a challenge
            C challenge sha256
            S 200 c0ffee
            C authenticate sha256 {sha256 t2-secret}
            S 200 Successfully logged in
            C tunnel list
            S 201 Listing tunnels
            S T2 2001:db8:101:1::2 198.51.100.7 chtst01
            S 202 End of the list
            C tunnel show T1
            S 404 No such tunnel
            C tunnel show t2
            S 201 Showing tunnel T2
            S TunnelId: T2
            S Type: 6in4
            S IPv6 Endpoint: 2001:db8:101:1::2
            S IPv6 POP: 2001:db8:101:1::1
            S IPv6 PrefixLength: 64
            S Tunnel MTU: 1480
            S Tunnel Name: T2
            S POP Id: chtst01
            S IPv4 Endpoint: 198.51.100.7
            S IPv4 POP: 192.0.2.1
            S UserState: disabled
            S AdminState: enabled
            S Password: none
            S Heartbeat_Interval: 60
            S 202 End of the list
            """
        ),
        (
            "a heartbeat tunnel that the operators disabled",
            """
            C username roe
            S 200 Choose a challenge
            C challenge sha256
            S 200 c0ffee
            C authenticate sha256 {sha256 roe-secret}
            S 200 Successfully logged in
            C tunnel show T3
            S 201 Showing tunnel T3
            S TunnelId: T3
            S Type: 6in4-heartbeat
            S IPv6 Endpoint: 2001:db8:102::2
            S IPv6 POP: 2001:db8:102::1
            S IPv6 PrefixLength: 64
            S Tunnel MTU: 1280
            S Tunnel Name: T3
            S POP Id: nltst01
            S IPv4 Endpoint: heartbeat
            S IPv4 POP: 192.0.2.2
            S UserState: enabled
            S AdminState: disabled
            S Password: hartslag
            S Heartbeat_Interval: 60
            S 202 End of the list
            """
        ),
        (
            "what is not there, or another's",
            """
            \(Self.login)C tunnel show T3
            S 404 No such tunnel
            C tunnel show T99
            S 404 No such tunnel
            C tunnel show chtst01
            S 404 No such tunnel
            C pop show detst99
            S 404 No such PoP
            C pop list
            S 201 Listing PoPs
            S chtst01
            S nltst01
            S 202 End of the list
            """
        ),
        (
            "what needs a login",
            """
            C tunnel list
            S 401 Log in first
            C tunnel show T1
            S 401 Log in first
            C pop list
            S 401 Log in first
            C pop show chtst01
            S 401 Log in first
            """
        ),
        (
            "what is no command, or comes too early, or twice",
            """
            C HELO example.net
            S 400 Unknown command
            C challenge md5
            S 400 Give a username first
            C authenticate md5 00
            S 400 Ask for a challenge md5 first
            C username
            S 400 Expected: username <handle>
            C username jdoe
            S 200 Choose a challenge
            C challenge cram-md5
            S 400 Expected: challenge md5|sha256|clear
            C challenge md5
            S 200 c0ffee
            C authenticate sha256 {sha256 jdoe-secret}
            S 400 Ask for a challenge sha256 first
            C authenticate md5 {md5 jdoe-secret}
            S 200 Successfully logged in
            C username roe
            S 400 Logged in already
            C challenge md5
            S 400 Logged in already
            C authenticate md5 {md5 roe-secret}
            S 400 Logged in already
            """
        ),
        (
            "a challenge is good once",
            """
            C username jdoe
            S 200 Choose a challenge
            C challenge md5
            S 200 c0ffee
            C authenticate md5 {md5 wrong}
            S 500 Wrong username or secret
            C authenticate md5 {md5 jdoe-secret}
            S 400 Ask for a challenge md5 first
            """
        ),
        (
            "a new name needs a new challenge",
            """
            C username roe
            S 200 Choose a challenge
            C challenge md5
            S 200 c0ffee
            C username jdoe
            S 200 Choose a challenge
            C authenticate md5 {md5 jdoe-secret}
            S 400 Ask for a challenge md5 first
            """
        ),
        (
            "who cannot log in: unknown, without a password, with another's, for another's tunnel; all are told the same",
            """
            C username nobody
            S 200 Choose a challenge
            C challenge md5
            S 200 c0ffee
            C authenticate md5 {md5 jdoe-secret}
            S 500 Wrong username or secret
            C username nologin
            S 200 Choose a challenge
            C challenge md5
            S 200 c0ffee
            C authenticate md5 {md5 jdoe-secret}
            S 500 Wrong username or secret
            C username roe/T2
            S 200 Choose a challenge
            C challenge md5
            S 200 c0ffee
            C authenticate md5 {md5 t2-secret}
            S 500 Wrong username or secret
            X
            """
        ),
        (
            "a user's password does not open a tunnel that has no secret, nor one that has another",
            """
            C username jdoe/T1
            S 200 Choose a challenge
            C challenge md5
            S 200 c0ffee
            C authenticate md5 {md5 jdoe-secret}
            S 500 Wrong username or secret
            C username jdoe/T2
            S 200 Choose a challenge
            C challenge md5
            S 200 c0ffee
            C authenticate md5 {md5 jdoe-secret}
            S 500 Wrong username or secret
            """
        ),
        (
            "names that nobody can have are told nothing else",
            """
            C username '; DROP TABLE user; --
            S 400 Expected: username <handle>
            C username ../../etc
            S 200 Choose a challenge
            C challenge md5
            S 200 c0ffee
            C authenticate md5 00
            S 500 Wrong username or secret
            """
        ),
        (
            "secrets in the clear, which are refused",
            """
            C username jdoe
            S 200 Choose a challenge
            C challenge clear
            S 400 Secrets in the clear are not accepted without TLS: use md5 or sha256
            C authenticate clear jdoe-secret
            S 400 Ask for a challenge clear first
            """
        ),
    ]

    @Test(arguments: transcripts) func goes(_ name: String, _ text: String) async throws {
        try await Self.check(text, TICDialogue.Rules())
    }

    static let clear = """
        C username jdoe
        S 200 Choose a challenge
        C challenge clear
        S 200 Send the secret
        C authenticate clear wrong
        S 500 Wrong username or secret
        C challenge clear
        S 200 Send the secret
        C authenticate clear jdoe-secret
        S 200 Successfully logged in
        """

    @Test func takesSecretsInTheClearWhereThatIsAllowed() async throws {
        var rules = TICDialogue.Rules()
        rules.allowsClear = true
        try await Self.check(Self.clear, rules)
    }

    @Test func forgetsWhatWasSaidBeforeTLS() async throws {
        var rules = TICDialogue.Rules()
        rules.offersTLS = true
        try await Self.check(
            """
            \(Self.login)C starttls
            S 200 Begin TLS now
            C tunnel list
            S 401 Log in first
            C starttls
            S 400 TLS is used already
            \(Self.clear)
            """,
            rules
        )
        var dialogue = TICDialogue(rules)
        let step = dialogue.receive(Array("starttls".utf8), isAlone: false, at: 0)
        #expect(step == .end(["400 Nothing may follow starttls before TLS has begun"]))
    }

    @Test func hasAnEnd() {
        var dialogue = TICDialogue(TICDialogue.Rules())
        for _ in 0..<TICDialogue.mostCommands {
            _ = dialogue.receive(Array("get unixtime".utf8), isAlone: true, at: 7)
        }
        let step = dialogue.receive(Array("get unixtime".utf8), isAlone: true, at: 7)
        #expect(step == .end(["500 Too many commands"]))
    }

    @Test func challengesAreNeverTheSame() {
        let challenges = (0..<100).map { _ in TICDialogue.randomChallenge() }
        #expect(Set(challenges).count == 100 && challenges.allSatisfy { $0.count == 32 })
    }

    private static func check(_ text: String, _ rules: TICDialogue.Rules) async throws {
        let wanted = text.split(separator: "\n").map(String.init)
        let lines = wanted.filter { $0.hasPrefix("C ") }.map { String($0.dropFirst(2)) }
        let said = try await Site().play(lines, rules)
        #expect(said == wanted)
    }
}

extension Optional {
    fileprivate func asyncMap<Other>(_ transform: (Wrapped) async throws -> Other) async rethrows -> Other? {
        switch self {
        case .some(let value): try await transform(value)
        case .none: nil
        }
    }
}
