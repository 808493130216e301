import Foundation
import HTTP
import Logging
import Synchronization
import TestSupport
import Testing
import Wire

@testable import Central
@testable import CentralWeb

@Suite("The centre's pages")
struct PageTests {
    private static let token = "0123456789abcdef0123456789abcdef"
    private static let viewer = "vvvvvvvvvvvvvvvv"
    private static let brief = "bbbbbbbbbbbbbbbb"

    /// Pages of a small fleet, and how one asks for them.
    private struct Site {
        /// The time by which tokens end.
        final class WallTime: Sendable {
            let now = Mutex(Date(timeIntervalSince1970: 1_796_000_000))
        }

        let test: TestStore
        let pages: CentralPages
        let figures = RequestFigures()
        let wall = WallTime()

        init(_ connector: FakeConnector = FakeConnector(), text: String = "Teststadt") async throws {
            self.test = try await TestStore()
            let centre = Centre(self.test, connector)
            let alice = try UserHandle(parsing: "alice")
            try await centre.store.registry.apply(
                try Fixture.registry() + [
                    .addUser(alice, UserAmendment(name: text, mail: "alice@example.net")),
                    .amendTunnel(try Fixture.number(1), TunnelAmendment(owner: .user(alice))),
                ],
                by: text
            )
            try await centre.store.rounds.record([
                FleetEvent(
                    time: Date(),
                    popID: 1,
                    tunnel: try Fixture.number(1),
                    kind: .tunnelUp,
                    detail: text
                )
            ])
            let lines = [
                "# who may look", "jdoe \(PageTests.token)", "wall \(PageTests.viewer) viewer",
                "temp \(PageTests.brief) until 2027-01-31T12:00:00Z",
            ]
            try self.test.folder.write(lines.joined(separator: "\n") + "\n", to: "tokens")
            chmod(self.test.folder.path("tokens"), 0o600)
            self.pages = CentralPages(
                centre,
                tokens: try TokenFile(path: self.test.folder.path("tokens")) { [wall] in
                    wall.now.withLock { $0 }
                },
                policy: PagePolicy(
                    hasher: PasswordHasher(
                        cost: try #require(Scrypt(logarithm: 4, blockSize: 1, repetitions: 1))
                    )
                ),
                figures: self.figures,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
            )
        }

        func ask(
            _ path: String,
            method: String = "GET",
            _ headers: [String: String] = ["authorization": "Bearer \(PageTests.token)"],
            body: String = ""
        ) async throws -> Response {
            let request = Request(
                method: method,
                target: try RequestTarget(parsing: path),
                headers: headers.map { (name: $0.key, value: $0.value) },
                body: Array(body.utf8)
            )
            return await self.pages.respond(to: request)
        }
    }

    private static func text(_ response: Response) -> String {
        String(decoding: response.body, as: UTF8.self)
    }

    static let paths = [
        "/", "/pops/chtst01", "/tunnels/T1", "/tunnels/T2", "/tunnels/T1/config", "/tunnels/down", "/users",
        "/users/alice",
        "/events",
        "/events?last=5", "/audit", "/rounds", "/?last=year", "/pops/chtst01?last=month",
        "/tunnels/T1?last=week",
    ]

    @Test(arguments: Self.paths)
    func showWhatThereIsToPeopleAndPrograms(_ path: String) async throws {
        let site = try await Site()

        let page = try await site.ask(path)
        let document = try await site.ask(
            path,
            ["authorization": "Bearer \(Self.token)", "accept": "application/json"]
        )

        #expect(page.status == .ok)
        #expect(page.header("content-type") == "text/html; charset=utf-8")
        #expect(Self.text(page).hasPrefix("<!DOCTYPE html>"))
        #expect(Self.text(page).components(separatedBy: "<h1>").count == 2)
        #expect(!Self.text(page).contains("style=") && !Self.text(page).contains("<script"))
        #expect(document.status == .ok)
        #expect(document.header("content-type") == "application/json")
        _ = try JSONSerialization.jsonObject(with: Data(document.body))
        for response in [page, document] {
            #expect(response.header("x-content-type-options") == "nosniff")
            #expect(response.header("referrer-policy") == "same-origin")
            #expect(response.header("cache-control") == "no-store")
            #expect(
                response.header("content-security-policy")?.hasPrefix("default-src 'none'; style-src 'self'")
                    == true
            )
            #expect(response.header("vary")?.contains("Accept") == true)
        }
    }

    static let pictures = ["fleet", "pops/chtst01", "tunnels/T1"].flatMap { place in
        ["latency", "traffic", "sparkline"].map { "/\(place)/\($0).svg" }
    }

    @Test(arguments: Self.pictures)
    func picturesAreDrawnByDayAndByNight(_ path: String) async throws {
        let site = try await Site()
        let subject = path.contains("fleet") ? "the fleet" : path.split(separator: "/")[1]

        for period in ["day", "week", "month", "year"] {
            let light = try await site.ask("\(path)?last=\(period)")
            let dark = try await site.ask("\(path)?last=\(period)&theme=dark")
            #expect(light.status == .ok)
            #expect(light.header("content-type") == "image/svg+xml")
            #expect(light.header("cache-control") == "private, max-age=300")
            #expect(light.header("vary")?.contains("Cookie") == true)
            #expect(Self.text(light).contains(" of \(subject), last \(period)</title>"))
            #expect(Self.text(light).hasPrefix("<svg ") && !Self.text(light).contains("style="))
            #expect(light.body != dark.body)
        }
        #expect(try await site.ask(path, [:]).status == .seeOther)
        #expect(try await site.ask(path, method: "POST").status == .methodNotAllowed)
    }

    @Test(arguments: [("/", "/fleet"), ("/pops/chtst01", "/pops/chtst01"), ("/tunnels/T1", "/tunnels/T1")])
    func pagesHaveGraphsOfEachTime(_ path: String, _ place: String) async throws {
        let site = try await Site()

        for (query, period) in [("", "day"), ("?last=week", "week"), ("?last=year", "year")] {
            let page = Self.text(try await site.ask(path + query))
            for kind in ["latency", "traffic"] {
                let dark = "srcset=\"\(place)/\(kind).svg?last=\(period)&amp;theme=dark\""
                #expect(page.contains(dark), "\(path) \(period)")
            }
            #expect(page.contains("?last=\(period)\" aria-current=\"true\">\(period)</a>"))
        }
        let images = Self.text(try await site.ask(path)).components(separatedBy: "<img ").dropFirst()
        #expect(images.allSatisfy { $0.contains("alt=\"Traffic of ") || $0.contains("alt=\"Latency of ") })
        #expect(images.count == (path == "/" ? 4 : 2))
    }

    static let hostile = [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='x", "</title><b>",
        "&lt;&amp;", "{{7*7}}",
    ]

    @Test(arguments: Self.hostile)
    func whatPeopleWroteIsTextEverywhere(_ text: String) async throws {
        let site = try await Site(text: text)

        for path in Self.paths + [
            "/pops/%3Cb%3E", "/tunnels/%22%3E%3Cb%3E", "/users/%3Cscript%3E", "/%3Cb%3E",
        ] {
            let page = Self.text(try await site.ask(path))
            #expect(!page.contains(text) || text == "{{7*7}}", "\(path)")
            #expect(!page.contains("<b>") && !page.contains("<script"), "\(path)")
            let images = page.components(separatedBy: "<img ").dropFirst()
            #expect(images.allSatisfy { $0.hasPrefix("src=\"/") }, "\(path)")
        }
        #expect(Self.text(try await site.ask("/users")).contains(("\(text)" as HTML).text))
    }

    // swift-format-ignore
    static let strangers: [Row<[String: String], (status: Status, place: String?)>] = [
        Row("nobody",                  [:],                                                         is: (.seeOther, "/login?next=%2Fevents")),
        Row("nobody, as a program",    ["accept": "application/json"],                              is: (.unauthorized, nil)),
        Row("a wrong token",           ["authorization": "Bearer wrong", "accept": "application/json"], is: (.unauthorized, nil)),
        Row("half a token",            ["authorization": "Bearer 0123456789abcdef", "accept": "application/json"], is: (.unauthorized, nil)),
        Row("another scheme",          ["authorization": "Basic \(Self.token)", "accept": "application/json"], is: (.unauthorized, nil)),
        Row("a session that never was", ["cookie": "sixxs_session=abc"],                            is: (.seeOther, "/login?next=%2Fevents")),
        Row("the right token",         ["authorization": "bearer \(Self.token)"],                   is: (.ok, nil)),
    ]

    @Test(arguments: Self.strangers)
    func strangersSeeNothing(_ row: Row<[String: String], (status: Status, place: String?)>) async throws {
        let response = try await Site().ask("/events", row.input)

        #expect(response.status == row.output.status)
        #expect(response.header("location") == row.output.place)
        #expect(response.status == .ok || !Self.text(response).contains("T1"))
    }

    private static let form = ["content-type": "application/x-www-form-urlencoded", "host": "centre"]

    @Test func aViewerSeesTheFleetAndNotItsPeople() async throws {
        let site = try await Site()
        let headers = ["authorization": "Bearer \(Self.viewer)"]

        for path in Self.paths {
            let isOfPeople = path.hasPrefix("/users") || path.hasPrefix("/audit")
            #expect(try await site.ask(path, headers).status == (isOfPeople ? .forbidden : .ok), "\(path)")
        }
        let page = Self.text(try await site.ask("/", headers))
        #expect(page.contains("Log out wall") && page.contains("href=\"/events\""))
        #expect(!page.contains("href=\"/users\"") && !page.contains("href=\"/audit\""))
    }

    @Test func aTokenWithAnEndIsGoodUntilThen() async throws {
        let site = try await Site()
        let headers = ["authorization": "Bearer \(Self.brief)"]
        // 2027-01-31T12:00:00Z.
        let end = Date(timeIntervalSince1970: 1_801_396_800)

        #expect(try await site.ask("/users", headers).status == .ok)
        site.wall.now.withLock { $0 = end - 600 }
        let login = try await site.ask("/login", method: "POST", Self.form, body: "token=\(Self.brief)")
        #expect(login.status == .seeOther && login.header("set-cookie")?.contains("Max-Age=600") == true)
        #expect(try await site.ask("/users", headers).status == .ok)

        site.wall.now.withLock { $0 = end }
        #expect(
            try await site.ask("/users", headers.merging(["accept": "application/json"]) { $1 }).status
                == .unauthorized
        )
        let late = try await site.ask("/login", method: "POST", Self.form, body: "token=\(Self.brief)")
        #expect(late.status == .forbidden)
    }

    @Test func whoLogsInIsKnownUntilTheyLogOut() async throws {
        let site = try await Site()

        let login = try await site.ask(
            "/login",
            method: "POST",
            Self.form,
            body: "token=\(Self.token)&next=%2Faudit"
        )
        let cookie = try #require(login.header("set-cookie"))
        let session = String(cookie.prefix { $0 != ";" })
        let page = try await site.ask("/audit", ["cookie": session])
        let logout = try await site.ask(
            "/logout",
            method: "POST",
            Self.form.merging(["cookie": session]) { $1 },
            body: "form=\(try Self.formToken(page))"
        )
        let after = try await site.ask("/audit", ["cookie": session])

        #expect(login.status == .seeOther)
        #expect(login.header("location") == "/audit")
        #expect(cookie.hasSuffix("; Path=/; HttpOnly; SameSite=Lax; Max-Age=43200"))
        #expect(session.utf8.count == "sixxs_session=".utf8.count + 64)
        #expect(page.status == .ok)
        #expect(Self.text(page).contains("Log out jdoe"))
        #expect(logout.status == .seeOther)
        #expect(after.status == .seeOther)
    }

    /// What shows that a form is of a page that we made for whoever sends it.
    static func formToken(_ page: Response) throws -> String {
        let parts = Self.text(page).components(separatedBy: "name=\"form\" value=\"")
        return String(try #require(parts.dropFirst().first).prefix { $0 != "\"" })
    }

    // swift-format-ignore
    static let places: [Row<String, String>] = [
        Row("a page",          "%2Fpops%2Fchtst01",            is: "/pops/chtst01"),
        Row("another host",    "%2F%2Fexample.org",            is: "/"),
        Row("with a scheme",   "https%3A%2F%2Fexample.org",    is: "/"),
        Row("a backslash",     "%2F%5Cexample.org",            is: "/"),
        Row("a script",        "javascript%3Aalert(1)",        is: "/"),
        Row("a line break",    "%2Fa%0D%0ASet-Cookie%3A+x",    is: "/"),
        Row("nothing",         "",                             is: "/"),
    ]

    @Test(arguments: Self.places)
    func aLoginLeadsToPagesOfOursAlone(_ row: Row<String, String>) async throws {
        let response = try await Site()
            .ask("/login", method: "POST", Self.form, body: "token=\(Self.token)&next=\(row.input)")

        #expect(response.header("location") == row.output)
    }

    @Test func aFormOfAnotherSiteDoesNothing() async throws {
        let site = try await Site()

        for header in [
            ["origin": "https://evil.example"], ["sec-fetch-site": "cross-site"], ["origin": "null"],
        ] {
            let headers = Self.form.merging(header) { $1 }
            #expect(
                try await site.ask("/login", method: "POST", headers, body: "token=\(Self.token)").status
                    == .forbidden
            )
            #expect(try await site.ask("/logout", method: "POST", headers).status == .forbidden)
        }
        let own = Self.form.merging(["origin": "https://centre", "x-forwarded-proto": "https"]) { $1 }
        let login = try await site.ask("/login", method: "POST", own, body: "token=\(Self.token)")
        #expect(login.header("set-cookie")?.hasSuffix("; Secure") == true)
    }

    @Test func whoGuessesIsStopped() async throws {
        let site = try await Site()

        for _ in 0..<20 {
            let response = try await site.ask("/login", method: "POST", Self.form, body: "token=guess")
            #expect(response.status == .forbidden)
        }
        let late = try await site.ask("/login", method: "POST", Self.form, body: "token=guess")
        let bearer = try await site.ask("/events", ["authorization": "Bearer guess"])

        #expect(late.status == .tooManyRequests && late.header("retry-after") != nil)
        #expect(bearer.status == .tooManyRequests)
        #expect(try await site.ask("/events", [:]).status == .seeOther)
        // Whoever comes by the same way must not be kept out.
        let right = try await site.ask("/login", method: "POST", Self.form, body: "token=\(Self.token)")
        #expect(right.status == .seeOther)
        #expect(try await site.ask("/events", ["authorization": "Bearer \(Self.token)"]).status == .ok)
    }

    @Test func aWideNetworkIsCountedToo() throws {
        let sessions = Sessions { .now }
        let networks = (0..<5 as Range<UInt64>).map {
            IPAddress.ipv6(IPv6Address(high: 0x2001_0db8_0000_0000 + $0, low: 1))
        }
        for network in networks.dropLast() {
            for _ in 0..<19 { sessions.noteFailure(of: network) }
        }
        #expect(networks.map { sessions.isClosed(to: $0) } == [false, false, false, false, false])
        for _ in 0..<4 { sessions.noteFailure(of: networks[4]) }
        #expect(networks.map { sessions.isClosed(to: $0) } == [true, true, true, true, true])
        #expect(!sessions.isClosed(to: .ipv6(IPv6Address(high: 0x2001_0db8_0001_0000, low: 1))))
    }

    @Test func whoGuessesLocksOutNobodyElse() throws {
        let time = Mutex(ContinuousClock.now)
        let sessions = Sessions { time.withLock { $0 } }
        let addresses = try ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"].map {
            try IPAddress(parsing: $0)
        }
        for _ in 0..<20 { sessions.noteFailure(of: addresses[0]) }
        for _ in 0..<20 { sessions.noteFailure(of: addresses[2]) }
        // One host may have a whole /64.
        #expect(addresses.map(sessions.isClosed(to:)) == [true, false, true, true, false])
        #expect(!sessions.isClosed(to: nil))
        time.withLock { $0 += .seconds(61) }
        #expect(addresses.allSatisfy { !sessions.isClosed(to: $0) })
    }

    // swift-format-ignore
    static let tokenFiles: [Row<(text: String, mode: mode_t), String?>] = [
        Row("right",          ("a 0123456789abcdef\n# b\n\nb\t0123456789abcdefg\r\n", 0o600), is: nil),
        Row("others read it", ("a 0123456789abcdef\n", 0o640),                                is: "can be read by others"),
        Row("short",          ("a 0123456789abcde\n", 0o600),                                 is: "line 1: expected a name and a token"),
        Row("no token",       ("# a\na\n", 0o600),                                            is: "line 2: expected a name and a token"),
        Row("a third word",   ("a 0123456789abcdef b\n", 0o600),                              is: "line 1: expected a name and a token"),
        Row("a viewer",       ("a 0123456789abcdef viewer\nb 0123456789abcdefg viewer until 2027-01-31T12:00:00Z\nc 0123456789abcdefh until 2027-01-31T12:00:00Z\n", 0o600), is: nil),
        Row("no such time",   ("a 0123456789abcdef until 2027-02-31T12:00:00Z\n", 0o600),     is: "line 1: expected a name and a token"),
        Row("until when",     ("a 0123456789abcdef viewer until\n", 0o600),                   is: "and a time such as 2027-01-31T12:00:00Z"),
        Row("twice",          ("a 0123456789abcdef viewer viewer\n", 0o600),                  is: "line 1: expected a name and a token"),
        Row("a word behind",  ("a 0123456789abcdef until 2027-01-31T12:00:00Z b\n", 0o600),   is: "line 1: expected a name and a token"),
        Row("nobody",         ("# a 0123456789abcdef\n", 0o600),                              is: "lets nobody in"),
        Row("no text",        ("", 0o600),                                                    is: "lets nobody in"),
    ]

    @Test func aTokenFileIsNoPipeThatNobodyWritesInto() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("tokens")
        #expect(mkfifo(path, 0o600) == 0)

        #expect { try TokenFile(path: path) } throws: { "\($0)".contains("is not a regular file") }
        #expect { try TokenFile(path: "/dev/null") } throws: { !"\($0)".contains("chmod") }
    }

    @Test(arguments: Self.tokenFiles)
    func aTokenFileIsRightAndPrivate(_ row: Row<(text: String, mode: mode_t), String?>) throws {
        let folder = try TemporaryFolder()
        try folder.write(row.input.text, to: "tokens")
        chmod(folder.path("tokens"), row.input.mode)

        guard let problem = row.output else {
            _ = try TokenFile(path: folder.path("tokens"))
            return
        }
        #expect { try TokenFile(path: folder.path("tokens")) } throws: { "\($0)".contains(problem) }
        #expect(throws: RegistryError.self) { try TokenFile(path: folder.path("none")) }
    }

    // swift-format-ignore
    static let absent: [Row<String, Status>] = [
        Row("no such PoP",      "/pops/nobody99",                is: .notFound),
        Row("no PoP's name",    "/pops/%20",                     is: .notFound),
        Row("no such tunnel",   "/tunnels/T99",                  is: .notFound),
        Row("no tunnel",        "/tunnels/x",                    is: .notFound),
        Row("no such user",     "/users/nobody",                 is: .notFound),
        Row("no generation",    "/pops/chtst01/changes/2",       is: .notFound),
        Row("not a generation", "/pops/chtst01/changes/-1",      is: .notFound),
        Row("no number",        "/events?last=x",                is: .badRequest),
        Row("too many",         "/audit?last=1001",              is: .badRequest),
        Row("no page",          "/nothing",                      is: .notFound),
        Row("no such period",   "/tunnels/T1?last=hour",         is: .badRequest),
        Row("nor of the fleet", "/?last=",                       is: .badRequest),
        Row("no such colours",  "/fleet/latency.svg?theme=x",    is: .badRequest),
        Row("no such picture",  "/pops/chtst01/x.svg",           is: .notFound),
        Row("no picture's name", "/tunnels/T1/latency",          is: .notFound),
        Row("a PoP that is not", "/pops/nobody99/latency.svg",   is: .notFound),
        Row("no tunnel either",  "/tunnels/T99/traffic.svg",     is: .notFound),
    ]

    @Test(arguments: Self.absent)
    func whatIsNotThereIsSaidSo(_ row: Row<String, Status>) async throws {
        let site = try await Site()

        let page = try await site.ask(row.input)
        let document = try await site.ask(
            row.input,
            ["authorization": "Bearer \(Self.token)", "accept": "application/json"]
        )

        #expect(page.status == row.output)
        #expect(page.header("content-security-policy") != nil)
        #expect(document.status == row.output)
        let error = try JSONSerialization.jsonObject(with: Data(document.body)) as? [String: String]
        #expect(error?["error"]?.isEmpty == false)
    }

    @Test func noPageChangesAnything() async throws {
        let site = try await Site()

        for path in Self.paths {
            #expect(try await site.ask(path, method: "POST").status == .methodNotAllowed)
            #expect(try await site.ask(path, method: "DELETE").status == .methodNotAllowed)
        }
    }

    @Test func aPageIsWhoseItIsInTheMetrics() async throws {
        let site = try await Site()
        let centre = Centre(site.test)
        _ = try await site.ask("/pops/chtst01")
        _ = try await site.ask("/pops/nobody99")
        _ = try await site.ask("/login", method: "POST", Self.form, body: "token=guess")
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let rounds = RoundFigures()
        let metrics = CentreMetrics(centre, rounds: rounds, requests: site.figures, logger: logger)

        let response = await metrics.respond(
            to: Request(method: "GET", target: try RequestTarget(parsing: "/metrics"))
        )
        let text = Self.text(response)
        let series = ExpositionCheck.series(text)

        #expect(ExpositionCheck.problems(text) == [])
        #expect(series["sixxs_database_up"] == "1")
        #expect(series["sixxs_database_info{engine=\"sqlite\"}"] == "1")
        #expect(series["sixxs_pops{enabled=\"true\"}"] == "2")
        #expect(series["sixxs_users"] == "1")
        #expect(series["sixxs_tunnels{pop=\"chtst01\",type=\"ayiya\",state=\"enabled\"}"] == "1")
        #expect(series["sixxs_pop_held{pop=\"chtst01\"}"] == "0.0")
        #expect(series["sixxs_pop_up{pop=\"chtst01\"}"] == nil)
        #expect(series["sixxs_pop_last_contact_timestamp_seconds{pop=\"chtst01\"}"] == nil)
        #expect(series["sixxs_pop_tunnels{pop=\"chtst01\",state=\"configured\"}"] == "2")
        #expect(series["sixxs_serving"] == "0")
        #expect(series["sixxs_http_requests_total{code=\"200\",route=\"/pops/{name}\"}"] == "1")
        #expect(series["sixxs_http_requests_total{code=\"404\",route=\"/pops/{name}\"}"] == "1")
        #expect(series["sixxs_logins_total{outcome=\"refused\"}"] == "1")
        #expect(!text.contains("nobody99"))
    }

    @Test func metricsSayWhatTheRoundsDid() {
        let figures = RoundFigures()
        figures.count(
            PushAttempt(
                popID: 1,
                generation: 1,
                started: Date(),
                duration: .seconds(2),
                outcome: .rolledBack,
                detail: ""
            )
        )
        figures.countRound(.seconds(3), endedAt: Date(timeIntervalSince1970: 7))
        // Every visit failed.
        figures.countRound(.seconds(3), endedAt: nil)
        var exposition = Exposition()

        figures.counts.write(to: &exposition)
        let series = ExpositionCheck.series(String(decoding: exposition.octets, as: UTF8.self))

        #expect(series["sixxs_pushes_total{outcome=\"rolled_back\"}"] == "1")
        #expect(series["sixxs_push_duration_seconds_bucket{outcome=\"rolled_back\",le=\"3.0\"}"] == "1")
        #expect(series["sixxs_round_duration_seconds_sum"] == "6.0")
        #expect(series["sixxs_round_last_success_timestamp_seconds"] == "7.0")
    }
}
