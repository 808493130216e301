import Foundation
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Central

/// Passwords and accounts, as the registry and every store keep them.
@Suite("Accounts") struct AccountTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    /// A store with a clock of the test's, jdoe, who has T1 and T2, and a way to hash that costs little.
    private struct Bench {
        let folder: TemporaryFolder
        let time = Mutexed(AccountTests.start)
        let store: FleetStore
        let centre: Centre
        let hasher: PasswordHasher
        let jdoe: UserHandle

        final class Mutexed: Sendable {
            private let value: Mutex<Date>
            init(_ value: Date) { self.value = Mutex(value) }
            var now: Date { self.value.withLock(\.self) }
            func advance(_ seconds: TimeInterval) { self.value.withLock { $0 += seconds } }
        }

        init(_ maker: StoreMaker = StoreMaker.all[0]) async throws {
            self.folder = try TemporaryFolder()
            let time = self.time
            self.store = try maker.make(self.folder) { time.now }
            self.centre = Centre(store: self.store, connector: FakeConnector(), author: "tester")
            self.jdoe = try UserHandle(parsing: "jdoe")
            self.hasher = PasswordHasher(cost: try #require(Self.cheap))
            let values = UserAmendment(name: "John Doe", mail: "jdoe@example.net")
            try await self.store.registry.apply(
                Fixture.registry() + [
                    .addUser(self.jdoe, values),
                    .amendTunnel(Fixture.number(1), TunnelAmendment(owner: .user(self.jdoe))),
                    .amendTunnel(
                        Fixture.number(2),
                        TunnelAmendment(isEnabled: false, owner: .user(self.jdoe))
                    ),
                ],
                by: "tester"
            )
        }

        static let cheap = Scrypt(logarithm: 4, blockSize: 1, repetitions: 1)

        func link(_ kind: AccountLinkKind = .invitation) async throws -> String {
            let base = try WebURL(parsing: "https://tunnels.example.net")
            let answer = try await IssueLink(kind, for: self.jdoe, at: base).run(
                in: self.centre,
                now: self.time.now
            )
            #expect(answer.link.hasPrefix("https://tunnels.example.net/welcome/"))
            return String(answer.link.suffix(64))
        }

        func choose(_ claim: ChooseWebPassword.Claim, _ password: String) async throws -> UserHandle? {
            try await ChooseWebPassword(claim, password, client: nil).run(in: self.centre, with: self.hasher)
        }

        func logIn(_ user: String = "jdoe", _ password: String) async throws -> LogIn.Answer? {
            try await LogIn(user: user, password: password, client: .ipv4(IPv4Address(192, 0, 2, 9)))
                .run(in: self.centre, with: self.hasher)
        }

        func apply(_ changes: RegistryChange...) async throws {
            try await self.store.registry.apply(changes, by: "tester")
        }

        func session(_ answer: LogIn.Answer?) async throws -> WebSession? {
            guard let answer else { return nil }
            return try await self.store.accounts.session(SecretToken(of: answer.token))
        }
    }

    private static let good = "correct horse battery"

    /// Whoever knows the old password is still waiting for the new one to be hashed while the owner takes it away.
    @Test func aPasswordThatWasReplacedMeanwhileChangesNothing() async throws {
        let bench = try await Bench()
        func hash(_ text: String) throws -> WebPasswordHash {
            let (password, cost) = (try #require(WebPassword(typed: text)), try #require(Bench.cheap))
            return try #require(WebPasswordHash(of: password, cost: cost))
        }
        func change(from old: WebPasswordHash, to new: WebPasswordHash) async throws {
            let amendment = UserAmendment(webPassword: new, replacing: old)
            try await bench.store.registry.apply([.amendUser(bench.jdoe, amendment)], by: "jdoe")
        }
        let (first, owners, thiefs) = (
            try hash("first one"), try hash("the owner's"), try hash("the thief's")
        )
        try await bench.store.registry.apply(
            [.amendUser(bench.jdoe, UserAmendment(webPassword: first))],
            by: "tester"
        )
        try await change(from: first, to: owners)

        await #expect(throws: RegistryError.self) { try await change(from: first, to: thiefs) }
        #expect(try await bench.store.accounts.user(bench.jdoe)?.webPassword == owners)
        try await bench.store.registry.apply([.suspendUser(bench.jdoe)], by: "tester")
        await #expect(throws: RegistryError.self) { try await change(from: owners, to: thiefs) }
    }

    @Test(arguments: StoreMaker.all) func beginWithALinkThatIsGoodOnce(_ maker: StoreMaker) async throws {
        let bench = try await Bench(maker)
        #expect(try await bench.logIn("jdoe", Self.good) == nil)
        let link = try await bench.link()

        #expect(try await ChooseWebPassword.user(of: link, in: bench.centre) == bench.jdoe)
        #expect(try await bench.choose(.link("x"), Self.good) == nil)
        #expect(try await bench.choose(.link(link), Self.good) == bench.jdoe)

        #expect(try await bench.choose(.link(link), "another good one") == nil)
        #expect(try await ChooseWebPassword.user(of: link, in: bench.centre) == nil)
        let answer = try #require(try await bench.logIn("JDOE", Self.good))
        #expect(answer.user == bench.jdoe && answer.role == .user)
        #expect(try await bench.session(answer)?.client == .ipv4(IPv4Address(192, 0, 2, 9)))
        #expect(try await bench.logIn("jdoe", "wrong horse battery") == nil)
        #expect(try await bench.logIn("nobody", Self.good) == nil)
        #expect(try await bench.logIn("", Self.good) == nil)
        #expect(try await bench.logIn("jdoe", "") == nil)
    }

    @Test(arguments: [(AccountLinkKind.invitation, 24 * 3600.0), (.reset, 3600)])
    func linksEnd(_ kind: AccountLinkKind, _ seconds: TimeInterval) async throws {
        let bench = try await Bench()
        _ = try await bench.choose(.link(try await bench.link()), Self.good)
        let link = try await bench.link(kind)

        bench.time.advance(seconds - 1)
        #expect(try await ChooseWebPassword.user(of: link, in: bench.centre) != nil)
        bench.time.advance(1)
        #expect(try await ChooseWebPassword.user(of: link, in: bench.centre) == nil)
        #expect(try await bench.choose(.link(link), "another good one") == nil)
        #expect(try await bench.logIn("jdoe", Self.good) != nil)
    }

    @Test func aNewLinkEndsTheOneBefore() async throws {
        let bench = try await Bench()
        // Who never had a password cannot have forgotten it.
        await #expect(throws: RegistryError.self) { try await bench.link(.reset) }
        let first = try await bench.link()
        let second = try await bench.link()

        #expect(try await ChooseWebPassword.user(of: first, in: bench.centre) == nil)
        #expect(try await ChooseWebPassword.user(of: second, in: bench.centre) != nil)
    }

    /// What ends all sessions of a user.
    private static let endings: [Row<@Sendable (UserHandle) -> RegistryChange, Bool>] = [
        Row("suspended", { .suspendUser($0) }, is: true),
        Row("another role", { .amendUser($0, UserAmendment(role: .operator)) }, is: true),
        Row("logged out", { .endSessions($0) }, is: true),
        Row("another name", { .amendUser($0, UserAmendment(name: "J. Doe")) }, is: false),
        Row("the same role", { .amendUser($0, UserAmendment(role: .user)) }, is: false),
    ]

    @Test(arguments: Self.endings)
    private func changesLogOutEverywhere(
        _ row: Row<@Sendable (UserHandle) -> RegistryChange, Bool>
    ) async throws {
        let bench = try await Bench()
        _ = try await bench.choose(.link(try await bench.link()), Self.good)
        let sessions = [try await bench.logIn("jdoe", Self.good), try await bench.logIn("jdoe", Self.good)]

        try await bench.apply(row.input(bench.jdoe))

        for session in sessions { #expect((try await bench.session(session) == nil) == row.output) }
    }

    @Test func anotherPasswordLogsOutEverywhere() async throws {
        let bench = try await Bench()
        _ = try await bench.choose(.link(try await bench.link()), Self.good)
        let session = try await bench.logIn("jdoe", Self.good)

        #expect(try await bench.choose(.password("wrong", of: bench.jdoe), "another good one") == nil)
        #expect(try await bench.session(session) != nil)
        #expect(try await bench.choose(.password(Self.good, of: bench.jdoe), "another good one") != nil)

        #expect(try await bench.session(session) == nil)
        #expect(try await bench.logIn("jdoe", Self.good) == nil)
        #expect(try await bench.logIn("jdoe", "another good one") != nil)
    }

    @Test(arguments: StoreMaker.all) func sessionsEndWhenNobodyUsesThem(_ maker: StoreMaker) async throws {
        let bench = try await Bench(maker)
        _ = try await bench.choose(.link(try await bench.link()), Self.good)
        let answer = try #require(try await bench.logIn("jdoe", Self.good))
        let token = SecretToken(of: answer.token)

        bench.time.advance(WebSession.idle - 1)
        #expect(try await bench.session(answer) != nil)
        try await bench.store.accounts.use(token)
        bench.time.advance(WebSession.idle - 1)
        #expect(try await bench.session(answer) != nil)
        bench.time.advance(1)
        #expect(try await bench.session(answer) == nil)

        let other = try #require(try await bench.logIn("jdoe", Self.good))
        #expect(try await bench.store.accounts.sessions(of: bench.jdoe).count == 1)
        try await bench.store.accounts.end(SecretToken(of: other.token))
        #expect(try await bench.session(other) == nil)
        for _ in 0..<25 { _ = try await bench.logIn("jdoe", Self.good) }
        #expect(try await bench.store.accounts.sessions(of: bench.jdoe).count == WebSession.most)
    }

    @Test func nobodyStaysForEver() async throws {
        let bench = try await Bench()
        _ = try await bench.choose(.link(try await bench.link()), Self.good)
        let answer = try #require(try await bench.logIn("jdoe", Self.good))

        for _ in 0..<14 {
            #expect(try await bench.session(answer) != nil)
            bench.time.advance(WebSession.idle - 1)
            try await bench.store.accounts.use(SecretToken(of: answer.token))
        }
        bench.time.advance(100)
        #expect(try await bench.session(answer) == nil)
    }

    @Test(arguments: StoreMaker.all)
    func aSuspensionTakesAllTunnelsInOneStep(_ maker: StoreMaker) async throws {
        let bench = try await Bench(maker)
        let before = try await bench.store.registry.snapshot(of: .fleet)
        _ = try await bench.choose(.link(try await bench.link()), Self.good)

        try await bench.apply(.suspendUser(bench.jdoe))

        let suspended = try await bench.store.registry.snapshot(of: .fleet)
        #expect(suspended.tunnels.allSatisfy { !$0.isEnabled })
        #expect(suspended.users.first?.suspension == [try Fixture.number(1)])
        #expect(try await bench.logIn("jdoe", Self.good) == nil)
        for change in [
            RegistryChange.amendTunnel(try Fixture.number(1), TunnelAmendment(isEnabled: true)),
            .addTunnel(NewTunnel(pop: try Fixture.name(), end: .ayiya(.random()), owner: bench.jdoe)),
        ] {
            await #expect(throws: RegistryError.self) { try await bench.apply(change) }
        }
        await #expect(throws: RegistryError.self) { try await bench.link() }
        #expect(try await bench.store.registry.violations() == [])
        // Once more changes nothing, above all not what is remembered.
        try await bench.apply(.suspendUser(bench.jdoe))

        try await bench.apply(.resumeUser(bench.jdoe))
        let after = try await bench.store.registry.snapshot(of: .fleet)
        #expect(after.tunnels.map(\.isEnabled) == before.tunnels.map(\.isEnabled))
        #expect(after.users.first?.suspension == nil)
        #expect(try await bench.logIn("jdoe", Self.good) != nil)
    }

    @Test(arguments: StoreMaker.all) func whoIsErasedIsForgotten(_ maker: StoreMaker) async throws {
        let bench = try await Bench(maker)
        try await bench.apply(.amendUser(bench.jdoe, UserAmendment(mail: "john@example.net")))
        let revision = try await bench.store.registry.snapshot(of: .fleet).revision

        try await bench.apply(.eraseUser(bench.jdoe))

        let snapshot = try await bench.store.registry.snapshot(of: .fleet)
        #expect(snapshot.users.isEmpty && snapshot.tunnels.isEmpty && snapshot.subnets.isEmpty)
        #expect(snapshot.revision > revision)
        let audit = try await bench.store.history.audit(of: [], HistoryWindow(last: 1000))
        for entry in audit {
            let text = (entry.before ?? "") + (entry.after ?? "")
            #expect(!text.contains("John Doe") && !text.contains("example.net"), "\(entry.subject): \(text)")
        }
        #expect(audit.contains { $0.subject == "user jdoe" && $0.action == "remove" })
        #expect(try await bench.store.registry.violations() == [])
    }

    @Test func noSecretReachesTheAudit() async throws {
        let bench = try await Bench()
        let link = try await bench.link()
        _ = try await bench.choose(.link(link), Self.good)
        let session = try #require(try await bench.logIn("jdoe", Self.good))
        _ = try await bench.link(.reset)

        let audit = try await bench.store.history.audit(of: ["user jdoe"], HistoryWindow(last: 1000))
        let texts = audit.map { ($0.before ?? "") + ($0.after ?? "") + $0.author + $0.words }.joined()
        let hash = try await bench.store.accounts.user(bench.jdoe)?.webPassword?.text
        for secret in [link, SecretToken(of: link).hash, session.token, try #require(hash), "scrypt"] {
            #expect(!texts.contains(secret))
        }
        #expect(
            audit.map(\.words).suffix(3).map { String($0.dropFirst("change user jdoe: ".count)) } == [
                "invited", "web password changed, web password set", "reset link",
            ]
        )
        #expect(audit.last { $0.words.contains("web password set") }?.author == "jdoe from the pages")
    }

    @Test func aHashThatCostsTooLittleIsMadeAnew() async throws {
        let bench = try await Bench()
        _ = try await bench.choose(.link(try await bench.link()), Self.good)
        let old = try #require(try await bench.store.accounts.user(bench.jdoe)?.webPassword)
        let dearer = PasswordHasher(cost: try #require(Scrypt(logarithm: 5, blockSize: 2, repetitions: 1)))
        let revision = try await bench.store.registry.snapshot(of: .fleet).revision

        let first = try await bench.logIn("jdoe", Self.good)
        #expect(try await bench.store.accounts.user(bench.jdoe)?.webPassword == old)
        let logIn = LogIn(user: "jdoe", password: Self.good, client: nil)
        #expect(try await logIn.run(in: bench.centre, with: dearer) != nil)

        let new = try await bench.store.accounts.user(bench.jdoe)?.webPassword
        #expect(new?.text.hasPrefix("scrypt$5$2$1$") == true)
        // Nothing that anybody did: no session ends, and the audit does not tell of it.
        #expect(try await bench.session(first) != nil)
        #expect(try await bench.store.registry.snapshot(of: .fleet).revision == revision)
    }

    @Test func aPasswordThatWasChangedMeanwhileBeginsNothing() async throws {
        let bench = try await Bench()
        _ = try await bench.choose(.link(try await bench.link()), Self.good)
        let old = try #require(try await bench.store.accounts.user(bench.jdoe)?.webPassword)
        _ = try await bench.choose(.password(Self.good, of: bench.jdoe), "another good one")
        let session = NewWebSession(
            token: SecretToken.random().stored,
            user: bench.jdoe,
            password: old,
            client: nil
        )

        #expect(try await !bench.store.accounts.begin(session))
    }

    @Test func anotherRegistryHasThemToo() async throws {
        let bench = try await Bench()
        _ = try await bench.choose(.link(try await bench.link()), Self.good)
        try await bench.apply(
            .amendUser(bench.jdoe, UserAmendment(role: .readOnly)),
            .suspendUser(bench.jdoe)
        )
        let snapshot = try await bench.store.registry.snapshot(of: .fleet)

        let written = TransferDocument(snapshot, only: nil, secrets: .written).users
        let hidden = TransferDocument(snapshot, only: nil, secrets: .hidden).users

        #expect(written.first?.webPassword == snapshot.users.first?.webPassword?.text)
        #expect(written.first?.role == "read-only" && written.first?.suspendedTunnels == ["T1"])
        #expect(hidden.first?.webPassword == nil)
    }

    // swift-format-ignore
    static let passwords: [Row<String, Bool>] = [
        Row("words",                 "correct horse battery",                    is: true),
        Row("ten characters",        "abcdefghij",                               is: true),
        Row("nine",                  "abcdefghi",                                is: false),
        Row("none",                  "",                                         is: false),
        Row("one again and again",   "aaaaaaaaaaaaaa",                           is: false),
        Row("the handle",            "jdoe-my-tunnel",                           is: false),
        Row("in capitals",           "myJDOEtunnel",                             is: false),
        Row("of another alphabet",   "пароль-туннеля",                           is: true),
        Row("200 characters",        String(repeating: "abcde", count: 40),      is: true),
        Row("201",                   String(repeating: "abcde", count: 40) + "f", is: false),
        Row("200 that are long",     String(repeating: "👩‍👩‍👧‍👦abcd", count: 40),    is: false),
    ]

    @Test(arguments: Self.passwords) func passwordsAreNotEasilyGuessed(_ row: Row<String, Bool>) throws {
        let jdoe = try UserHandle(parsing: "jdoe")
        #expect(((try? WebPassword(new: row.input, for: jdoe)) != nil) == row.output)
        #expect(throws: SyntaxError.self) { try WebPassword(new: "jdoe-secret-x", for: jdoe) }
        do { _ = try WebPassword(new: "jdoe-secret-x", for: jdoe) } catch {
            #expect(!"\(error)".contains("secret-x"))
        }
    }

    @Test func aLetterIsTheSameHoweverItIsWritten() throws {
        let cost = try #require(Bench.cheap)
        let composed = try #require(WebPassword(typed: "pr\u{e9}cieux-tunnel"))
        let decomposed = try #require(WebPassword(typed: "pre\u{301}cieux-tunnel"))
        let hash = try #require(WebPasswordHash(of: composed, cost: cost))

        #expect(hash.matches(decomposed))
        #expect(!hash.matches(try #require(WebPassword(typed: "precieux-tunnel"))))
        #expect(WebPasswordHash(stored: hash.text) == hash)
        #expect("\(hash)" == "set" && "\(composed)" == "set")
        #expect(WebPasswordHash(of: composed, cost: cost)?.text != hash.text)
    }

    private static let salt = String(repeating: "0", count: 32)
    private static let key = String(repeating: "a", count: 64)

    // swift-format-ignore
    static let hashes: [Row<String, Bool>] = [
        Row("right",            "scrypt$15$8$3$\(Self.salt)$\(Self.key)",      is: true),
        Row("another method",   "bcrypt$15$8$3$\(Self.salt)$\(Self.key)",      is: false),
        Row("all memory",       "scrypt$40$8$3$\(Self.salt)$\(Self.key)",      is: false),
        Row("a sign",           "scrypt$+5$8$3$\(Self.salt)$\(Self.key)",      is: false),
        Row("long numbers",     "scrypt$015$8$3$\(Self.salt)$\(Self.key)",     is: false),
        Row("no cost",          "scrypt$$8$3$\(Self.salt)$\(Self.key)",        is: false),
        Row("a short salt",     "scrypt$15$8$3$00$\(Self.key)",                is: false),
        Row("half an octet",    "scrypt$15$8$3$\(Self.salt)$\(Self.key)a",     is: false),
        Row("capitals",         "scrypt$15$8$3$\(Self.salt)$\(Self.key.uppercased())", is: false),
        Row("no key",           "scrypt$15$8$3$\(Self.salt)",                  is: false),
        Row("more",             "scrypt$15$8$3$\(Self.salt)$\(Self.key)$",     is: false),
        Row("nothing",          "",                                            is: false),
    ]

    @Test(arguments: Self.hashes) func whatIsStoredIsReadWithCare(_ row: Row<String, Bool>) {
        #expect((WebPasswordHash(stored: row.input) != nil) == row.output)
    }

    @Test func fewPasswordsAreHashedAtOnceAndNotAllWait() async throws {
        let slow = try #require(Scrypt(logarithm: 14, blockSize: 8, repetitions: 1))
        let hasher = PasswordHasher(cost: slow, mostRunning: 1, mostWaiting: 3)
        let password = try #require(WebPassword(typed: Self.good))

        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<40 { group.addTask { (try? await hasher.hash(password)) != nil } }
            return await group.reduce(into: [Bool]()) { $0.append($1) }
        }

        #expect(outcomes.contains(true) && outcomes.contains(false))
        // Whoever comes later has a place again.
        _ = try await hasher.hash(password)
    }
}
