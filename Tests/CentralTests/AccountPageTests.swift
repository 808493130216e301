import Foundation
import HTTP
import Logging
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Central
@testable import CentralWeb

@Suite("The pages of users") struct AccountPageTests {
    private static let password = "correct horse battery"

    /// Pages of a small fleet with a user of each role; alice has T1, bob T2.
    struct Site {
        final class Time: Sendable {
            private let value = Mutex(
                (wall: Date(timeIntervalSince1970: 1_800_000_000), clock: ContinuousClock.now)
            )
            var wall: Date { self.value.withLock(\.wall) }
            var clock: ContinuousClock.Instant { self.value.withLock(\.clock) }
            func advance(_ seconds: Int) {
                self.value.withLock { value in
                    value.wall += TimeInterval(seconds)
                    value.clock += .seconds(seconds)
                }
            }
        }

        static let users = [
            ("alice", UserRole.user), ("bob", .user), ("oscar", .operator), ("walter", .readOnly),
        ]

        let folder: TemporaryFolder
        let time = Time()
        let centre: Centre
        let pages: CentralPages
        let hasher: PasswordHasher

        init(url: String? = nil) async throws {
            self.folder = try TemporaryFolder()
            let time = self.time
            let store = try SQLiteStore(path: self.folder.path("central.db")) { time.wall }
            self.centre = Centre(store: store.fleet, connector: FakeConnector(), author: "tester")
            self.hasher = PasswordHasher(
                cost: try #require(Scrypt(logarithm: 4, blockSize: 1, repetitions: 1))
            )
            let hash = try await self.hasher.hash(
                try #require(WebPassword(typed: AccountPageTests.password))
            )
            let users = try Self.users.map { name, role in
                RegistryChange.addUser(
                    try UserHandle(parsing: name),
                    UserAmendment(name: "Name of \(name)", role: role, webPassword: hash)
                )
            }
            let owners = try [(UInt32(1), "alice"), (2, "bob")].map { number, name in
                RegistryChange.amendTunnel(
                    try Fixture.number(number),
                    TunnelAmendment(owner: .user(try UserHandle(parsing: name)))
                )
            }
            try await store.registry.apply(try Fixture.registry() + users + owners, by: "tester")
            var policy = PagePolicy(hasher: self.hasher)
            policy.url = try url.map { try WebURL(parsing: $0) }
            policy.proxies = [.ipv4(IPv4Address(127, 0, 0, 1))]
            self.pages = CentralPages(
                self.centre,
                tokens: nil,
                policy: policy,
                figures: RequestFigures(),
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
                now: { time.clock }
            )
        }

        func ask(
            _ path: String,
            method: String = "GET",
            _ headers: [String: String] = [:],
            body: String = "",
            from client: IPAddress? = .ipv4(IPv4Address(192, 0, 2, 9))
        ) async throws -> Response {
            let request = Request(
                method: method,
                target: try RequestTarget(parsing: path),
                headers: headers.map { (name: $0.key, value: $0.value) },
                body: Array(body.utf8),
                client: client
            )
            return await self.pages.respond(to: request)
        }

        func post(
            _ path: String,
            _ fields: [(String, String)],
            _ headers: [String: String] = [:],
            from client: IPAddress? = .ipv4(IPv4Address(192, 0, 2, 9))
        ) async throws -> Response {
            let form = ["content-type": "application/x-www-form-urlencoded", "host": "centre"]
            let body = fields.map { "\(PercentEncoding.encode($0.0))=\(PercentEncoding.encode($0.1))" }
            return try await self.ask(
                path,
                method: "POST",
                form.merging(headers) { $1 },
                body: body.joined(separator: "&"),
                from: client
            )
        }

        func logIn(
            _ user: String,
            _ password: String = AccountPageTests.password,
            next: String? = nil,
            from client: IPAddress? = .ipv4(IPv4Address(192, 0, 2, 9))
        ) async throws -> Response {
            let next = next.map { [("next", $0)] } ?? []
            return try await self.post(
                "/login",
                [("user", user), ("password", password)] + next,
                from: client
            )
        }

        /// The header of somebody who is logged in.
        func cookie(_ user: String) async throws -> [String: String] {
            let response = try await self.logIn(user)
            let cookie = try #require(response.header("set-cookie"), "\(user) cannot log in")
            return ["cookie": String(cookie.prefix { $0 != ";" })]
        }
    }

    private static func text(_ response: Response) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    // MARK: - Who sees what

    private static let fleet = [
        "/pops/chtst01", "/pops/nltst01", "/tunnels/T1", "/tunnels/T2", "/tunnels/down", "/events", "/rounds",
        "/fleet/latency.svg", "/pops/chtst01/latency.svg", "/tunnels/T1/latency.svg",
        "/tunnels/T2/traffic.svg",
        "/tunnels/T1/config", "/tunnels/T1/live", "/tunnels/T1/errors", "/pops/chtst01/changes/2",
    ]
    private static let people = ["/users", "/users/alice", "/users/bob", "/audit"]

    @Test(arguments: Site.users.map(\.0)) func everyRoleSeesItsOwn(_ user: String) async throws {
        let site = try await Site()
        let cookie = try await site.cookie(user)
        let isUser = user == "alice" || user == "bob"

        for path in Self.fleet + Self.people {
            let response = try await site.ask(path, cookie)
            let json = try await site.ask(path, cookie.merging(["accept": "application/json"]) { $1 })
            if isUser {
                #expect(response.status == .notFound && json.status == .notFound, "\(path)")
                #expect(
                    !Self.text(response).contains("2001:db8") && !Self.text(json).contains("Name of"),
                    "\(path)"
                )
            } else if user == "walter", Self.people.contains(path) {
                #expect(response.status == .forbidden && json.status == .forbidden, "\(path)")
            } else if !path.hasSuffix("/live"), !path.hasSuffix("/errors"), !path.contains("/changes/") {
                #expect(response.status == .ok && json.status == .ok, "\(path)")
            }
            for method in ["POST", "DELETE", "PUT"] {
                #expect(try await site.ask(path, method: method, cookie).status == .methodNotAllowed)
            }
        }
        let home = try await site.ask("/home", cookie)
        #expect(home.status == .ok && home.header("cache-control") == "no-store")
        #expect(Self.text(home).contains("T1<") == (user == "alice"))
        #expect(Self.text(home).contains("T2<") == (user == "bob"))
        #expect(try await site.ask("/account", cookie).status == .ok)
        let start = try await site.ask("/", cookie)
        #expect(start.status == (isUser ? .seeOther : .ok))
        #expect(start.header("location") == (isUser ? "/home" : nil))
    }

    /// What a user has of a tunnel, and nobody else.
    private static let own = [
        "", "/config", "/latency.svg", "/traffic.svg?last=week", "/sparkline.svg", "?last=year",
    ]

    @Test(arguments: Site.users.map(\.0)) func aTunnelIsItsUsersAlone(_ user: String) async throws {
        let site = try await Site()
        let cookie = try await site.cookie(user)
        for (number, owner) in [("T1", "alice"), ("T2", "bob"), ("T99", "nobody"), ("x", "nobody")] {
            for rest in Self.own {
                let path = "/home/tunnels/\(number)\(rest)"
                let response = try await site.ask(path, cookie)
                let json = try await site.ask(path, cookie.merging(["accept": "application/json"]) { $1 })
                #expect(response.status == (owner == user ? .ok : .notFound), "\(path)")
                #expect(json.status == response.status, "\(path)")
                if owner != user {
                    #expect(
                        !Self.text(response).contains("2001:db8") && !Self.text(json).contains("2001:db8"),
                        "\(path)"
                    )
                }
                for link in Self.text(response).components(separatedBy: "href=\"").dropFirst()
                where owner == user {
                    let place = link.prefix { $0 != "\"" && $0 != "?" }
                    let isOpen = ["/style.css", "/icon.svg", "#content"].contains(place)
                    #expect(
                        isOpen || user == "oscar" || place.hasPrefix("/home") || place == "/account",
                        "\(path): \(place)"
                    )
                }
            }
            #expect(try await site.ask("/home/tunnels/\(number)").status == .seeOther)
        }
    }

    @Test func textsToCopyNameThePages() async throws {
        let site = try await Site(url: "https://tunnels.example.net")
        let response = try await site.logIn("bob")
        let cookie = ["cookie": String(try #require(response.header("set-cookie")).prefix { $0 != ";" })]

        let page = Self.text(try await site.ask("/home/tunnels/T2/config", cookie))

        #expect(
            page.contains("server=tunnels.example.net\nlogin=bob\npassword=&lt;your update key&gt;\nT2\n")
        )
        #expect(page.contains("endpoint 192.0.2.1\n") && page.contains("local 198.51.100.7\n"))
        #expect(page.contains("ping -c1 -M do -s 1432 2001:db8:101:1::1"))
    }

    @Test func strangersSeeNothing() async throws {
        let site = try await Site()
        for path in Self.fleet + Self.people + ["/", "/home", "/account"] {
            #expect(try await site.ask(path).status == .seeOther, "\(path)")
            #expect(
                try await site.ask(path, ["accept": "application/json"]).status == .unauthorized,
                "\(path)"
            )
        }
        for path in ["/account/password", "/account/sessions"] {
            #expect(try await site.post(path, []).status == .seeOther, "\(path)")
        }
    }

    // MARK: - Logging in

    @Test func aLoginLeadsHome() async throws {
        let site = try await Site()

        let login = try await site.logIn("alice")
        let cookie = try #require(login.header("set-cookie"))

        #expect(login.status == .seeOther && login.header("location") == "/home")
        #expect(login.header("cache-control") == "no-store")
        #expect(
            cookie.hasPrefix("sixxs_session=")
                && cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800")
        )
        #expect(try await site.logIn("oscar").header("location") == "/")
        #expect(try await site.logIn("alice", next: "/account").header("location") == "/account")
        for place in [
            "//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/a\r\nX: y",
        ] {
            #expect(try await site.logIn("oscar", next: place).header("location") == "/", "\(place)")
        }
    }

    @Test func behindTLSCookiesNeverGoWithout() async throws {
        let site = try await Site(url: "https://tunnels.example.net/")

        let login = try await site.logIn("alice")
        let cookie = try #require(login.header("set-cookie"))
        let session = String(cookie.prefix { $0 != ";" })

        #expect(
            cookie.hasPrefix("__Host-sixxs_session=") && cookie.hasSuffix("; Secure")
                && cookie.contains("; Path=/;")
        )
        #expect(try await site.ask("/home", ["cookie": session]).status == .ok)
        // Another name is another cookie: what a neighbour of the domain can set is not looked at.
        let other = session.replacingOccurrences(of: "__Host-", with: "")
        #expect(try await site.ask("/home", ["cookie": other]).status == .seeOther)
        let own = ["origin": "https://tunnels.example.net", "sec-fetch-site": "same-origin"]
        let fields = [("user", "alice"), ("password", Self.password)]
        #expect(try await site.post("/login", fields, own).status == .seeOther)
        for foreign in ["https://evil.example", "https://tunnels.example.net.evil.example", "null"] {
            #expect(
                try await site.post("/login", fields, ["origin": foreign]).status == .forbidden,
                "\(foreign)"
            )
        }
    }

    @Test func aSessionIsAnotherAfterEachLogin() async throws {
        let site = try await Site()
        // What somebody else put into the browser does not become a session.
        let planted = ["cookie": "sixxs_session=\(String(repeating: "a", count: 64))"]
        let first = try await site.post("/login", [("user", "alice"), ("password", Self.password)], planted)
        #expect(first.header("set-cookie")?.contains("aaaaaaaa") == false)
        #expect(try await site.ask("/home", planted).status == .seeOther)

        let old = try await site.cookie("alice")
        let again = try await site.post("/login", [("user", "alice"), ("password", Self.password)], old)
        let new = ["cookie": String(try #require(again.header("set-cookie")).prefix { $0 != ";" })]
        #expect(new != old)
        #expect(try await site.ask("/home", old).status == .seeOther)
        #expect(try await site.ask("/home", new).status == .ok)
    }

    // swift-format-ignore
    static let refused: [Row<(user: String, password: String), Status>] = [
        Row("a wrong password", ("alice", "wrong horse battery"),             is: .forbidden),
        Row("nobody",           ("nobody", Self.password),                    is: .forbidden),
        Row("no handle",        ("", Self.password),                          is: .forbidden),
        Row("no password",      ("alice", ""),                                is: .forbidden),
        Row("markup",           ("<script>", "\"><b>"),                       is: .forbidden),
        Row("a long password",  ("alice", String(repeating: "x", count: 9000)), is: .forbidden),
    ]

    @Test(arguments: Self.refused)
    func whoMayNotLearnsNothing(_ row: Row<(user: String, password: String), Status>) async throws {
        let site = try await Site()
        let response = try await site.logIn(row.input.user, row.input.password)
        let usual = try await site.logIn("bob", "wrong horse battery")

        #expect(response.status == row.output && response.header("set-cookie") == nil)
        // Whatever was wrong, the page is the same but for the time on it.
        func withoutTime(_ response: Response) -> String {
            Self.text(response).replacingOccurrences(
                of: "As of [^ ]+ ",
                with: "",
                options: .regularExpression
            )
        }
        #expect(withoutTime(response) == withoutTime(usual))
    }

    @Test func whoGuessesWaitsAndKeepsNobodyOut() async throws {
        let site = try await Site()
        let home = IPAddress.ipv4(IPv4Address(192, 0, 2, 9))
        #expect(try await site.logIn("alice", from: home).status == .seeOther)
        // Many addresses, one handle: whether anybody has it.
        for handle in ["alice", "nobody"] {
            var statuses: [Status] = []
            for last in 1...12 {
                let stranger = IPAddress.ipv4(IPv4Address(198, 51, 100, UInt8(last)))
                statuses.append(try await site.logIn(handle, "guess number \(last)", from: stranger).status)
            }
            #expect(
                statuses == Array(repeating: .forbidden, count: 10) + [.tooManyRequests, .tooManyRequests],
                "\(handle)"
            )
        }
        let stranger = IPAddress.ipv4(IPv4Address(198, 51, 100, 99))
        let late = try await site.logIn("Alice", from: stranger)
        #expect(late.status == .tooManyRequests && late.header("retry-after") != nil)
        #expect(try await site.logIn("alice", from: home).status == .seeOther)
        site.time.advance(31)
        #expect(try await site.logIn("alice", from: stranger).status == .seeOther)
        // One address, many handles.
        let other = IPAddress.ipv4(IPv4Address(203, 0, 113, 1))
        for number in 0..<20 {
            #expect(try await site.logIn("user\(number)", "a guess", from: other).status == .forbidden)
        }
        #expect(try await site.logIn("alice", from: other).status == .tooManyRequests)
    }

    @Test func aProxyIsNotItsClients() async throws {
        let site = try await Site()
        let proxy = IPAddress.ipv4(IPv4Address(127, 0, 0, 1))
        func guess(_ client: String) async throws -> Status {
            let fields = [("user", "u\(client.hashValue)"), ("password", "guess")]
            return try await site.post("/login", fields, ["x-forwarded-for": client], from: proxy).status
        }
        // What the client itself claims stands to the left of what the proxy saw.
        for number in 0..<20 { #expect(try await guess("10.0.0.\(number), 198.51.100.1") == .forbidden) }
        #expect(try await guess("10.0.0.99, 198.51.100.1") == .tooManyRequests)
        #expect(try await guess("198.51.100.2") == .forbidden)
    }

    // MARK: - Forms

    @Test func aFormIsOfAPageThatWeMade() async throws {
        let site = try await Site()
        let (alice, bob) = (try await site.cookie("alice"), try await site.cookie("bob"))
        let own = try PageTests.formToken(try await site.ask("/account", alice))
        let foreign = try PageTests.formToken(try await site.ask("/account", bob))
        let change = [
            ("old", Self.password), ("password", "another good one"), ("again", "another good one"),
        ]

        for path in ["/account/sessions", "/account/password", "/logout"] {
            for token in [nil, "", "x", foreign, own.uppercased()] {
                let fields = change + (token.map { [("form", $0)] } ?? [])
                #expect(try await site.post(path, fields, alice).status == .forbidden, "\(path)")
            }
            let fields = change + [("form", own)]
            let evil = alice.merging(["origin": "https://evil.example"]) { $1 }
            #expect(try await site.post(path, fields, evil).status == .forbidden, "\(path)")
            // A form's fields count in its body alone.
            #expect(try await site.post("\(path)?form=\(own)", change, alice).status == .forbidden, "\(path)")
        }
        #expect(try await site.ask("/account", alice).status == .ok)

        #expect(try await site.post("/logout", [("form", own)], alice).status == .seeOther)
        #expect(try await site.ask("/account", alice).status == .seeOther)
        // What a page had in it is worth nothing after its session.
        let later = try await site.cookie("alice")
        #expect(try await site.post("/account/sessions", [("form", own)], later).status == .forbidden)
    }

    @Test func passwordsAreChangedByWhoKnowsThem() async throws {
        let site = try await Site()
        let alice = try await site.cookie("alice")
        let other = try await site.cookie("alice")
        let token = try PageTests.formToken(try await site.ask("/account", alice))
        func change(_ old: String, _ new: String, _ again: String) async throws -> Response {
            let fields = [("form", token), ("old", old), ("password", new), ("again", again)]
            return try await site.post("/account/password", fields, alice)
        }

        #expect(try await change("wrong", "another good one", "another good one").status == .badRequest)
        #expect(try await change(Self.password, "another good one", "another").status == .badRequest)
        #expect(Self.text(try await change(Self.password, "short", "short")).contains("10 to 200 characters"))
        let done = try await change(Self.password, "another good one", "another good one")

        #expect(done.status == .seeOther && done.header("location") == "/login")
        for session in [alice, other] { #expect(try await site.ask("/home", session).status == .seeOther) }
        #expect(try await site.logIn("alice").status == .forbidden)
        #expect(try await site.logIn("alice", "another good one").status == .seeOther)
        let audit = try await site.centre.store.history.audit(of: ["user alice"], HistoryWindow(last: 1))
        #expect(audit.first?.author == "alice from 192.0.2.9")
    }

    @Test func aLinkIsLookedAtOftenAndUsedOnce() async throws {
        let site = try await Site()
        let alice = try UserHandle(parsing: "alice")
        let base = try WebURL(parsing: "https://tunnels.example.net")
        let answer = try await IssueLink(.invitation, for: alice, at: base)
            .run(in: site.centre, now: site.time.wall)
        let path = String(answer.link.dropFirst(base.description.count))
        let session = try await site.cookie("alice")
        let good = [("password", "another good one"), ("again", "another good one")]

        for _ in 0..<2 {
            let page = try await site.ask(path)
            #expect(page.status == .ok && page.header("referrer-policy") == "strict-origin")
            #expect(!Self.text(page).contains(path), "a page does not repeat its link")
        }
        #expect(try await site.post(path, [("password", "a"), ("again", "a")]).status == .badRequest)
        #expect(try await site.post(path, [("password", "another good one")]).status == .badRequest)
        #expect(try await site.post(path, good, ["origin": "https://evil.example"]).status == .forbidden)
        #expect(
            try await site.post("/welcome/\(String(repeating: "0", count: 64))", good).status == .notFound
        )

        #expect(try await site.post(path, good).status == .seeOther)

        #expect(try await site.post(path, good).status == .notFound)
        #expect(try await site.ask(path).status == .notFound)
        #expect(try await site.ask("/home", session).status == .seeOther)
        #expect(try await site.logIn("alice", "another good one").status == .seeOther)
    }

    @Test func whoIsSuspendedIsOutAtOnce() async throws {
        let site = try await Site()
        let alice = try await site.cookie("alice")
        let oscar = try await site.cookie("oscar")

        try await site.centre.store.registry.apply([.suspendUser(try UserHandle(parsing: "alice"))], by: "t")
        try await site.centre.store.registry.apply(
            [.amendUser(try UserHandle(parsing: "oscar"), UserAmendment(role: .user))],
            by: "t"
        )

        #expect(try await site.ask("/home", alice).status == .seeOther)
        #expect(try await site.logIn("alice").status == .forbidden)
        #expect(try await site.ask("/users", oscar).status == .seeOther)
        #expect(try await site.ask("/users", try await site.cookie("oscar")).status == .notFound)
    }

    @Test func sessionsEndAfterTwelveHours() async throws {
        let site = try await Site()
        let alice = try await site.cookie("alice")

        site.time.advance(12 * 3600)
        #expect(try await site.ask("/home", alice).status == .seeOther)
    }
}

@Suite("How often passwords may be tried") struct LoginLimiterTests {
    @Test func rememberNoMoreThanFits() throws {
        let time = Mutex(ContinuousClock.now)
        let limiter = LoginLimiter(most: 100) { time.withLock { $0 } }
        let client = IPAddress.ipv4(IPv4Address(192, 0, 2, 1))
        for _ in 0..<10 { #expect(limiter.admit("alice", from: client) == nil) }
        #expect(limiter.admit("ALICE", from: client) == 30)

        time.withLock { $0 += .seconds(1) }
        for number in 0..<10_000 { #expect(limiter.admit("user\(number)", from: client) == nil) }
        #expect(limiter.admit(String(repeating: "x", count: 100_000), from: nil) == nil)
    }

    @Test func givesBackWhatWasRight() {
        let limiter = LoginLimiter { ContinuousClock.Instant.now }
        for _ in 0..<100 {
            #expect(limiter.admit("alice", from: nil) == nil)
            limiter.noteSuccess("alice", from: nil)
        }
    }
}
