import Foundation
import GRDB
import HTTP
import Logging
import Synchronization
import Testing
import Wire

@testable import Central
@testable import CentralWeb

/// Requests as routers send them, and answers as they read them.
@Suite("/nic/update") struct EndpointUpdateTests {
    /// A registry in which jdoe has the static T2, with an update key, and who asks for it.
    private struct Site {
        static let home = IPAddress.ipv4(IPv4Address(9, 9, 9, 9))

        let test: TestStore
        let updates: EndpointUpdates
        let key: String
        let figures = RequestFigures()
        let log = Lines()

        init(proxies: Set<IPAddress> = [], anyAddress: Bool = false) async throws {
            let jdoe = try UserHandle(parsing: "jdoe")
            self.test = try await TestStore(
                Fixture.registry() + [
                    .addUser(jdoe, UserAmendment()),
                    .amendTunnel(Fixture.number(1), TunnelAmendment(owner: .user(jdoe))),
                    .amendTunnel(Fixture.number(2), TunnelAmendment(owner: .user(jdoe))),
                ]
            )
            let made = try await ChangeUpdateKey(of: Fixture.number(2), isRevoked: false).run(
                in: Centre(self.test)
            )
            self.key = try #require(made.key)
            var policy = EndpointUpdates.Policy()
            policy.proxies = proxies
            policy.allowsAnyAddress = anyAddress
            let log = self.log
            let start = ContinuousClock.now
            self.updates = EndpointUpdates(
                Centre(self.test),
                policy: policy,
                figures: self.figures,
                logger: Logger(label: "test") { _ in log },
                now: { start }
            )
        }

        /// Status and body of an answer.
        func ask(
            _ path: String,
            _ headers: [(String, String)] = [],
            method: String = "GET",
            from client: IPAddress? = Self.home,
            body: String = ""
        ) async throws -> (status: Int, line: String, response: Response) {
            let request = Request(
                method: method,
                target: try RequestTarget(parsing: path.replacing("KEY", with: self.key)),
                headers: headers.map { (name: $0.0, value: $0.1) },
                body: Array(body.replacing("KEY", with: self.key).utf8),
                client: client
            )
            let response = await self.updates.respond(to: request)
            return (response.status.rawValue, String(decoding: response.body, as: UTF8.self), response)
        }

        func basic(_ user: String = "jdoe", _ password: String? = nil) -> (String, String) {
            let words = Data("\(user):\(password ?? self.key)".utf8).base64EncodedString()
            return ("authorization", "Basic \(words)")
        }
    }

    /// Keeps what is logged.
    private struct Lines: LogHandler {
        private final class Store: Sendable { let text = Mutex("") }

        private let store = Store()
        var metadata = Logger.Metadata()
        var logLevel = Logger.Level.trace
        var text: String { self.store.text.withLock(\.self) }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { self.metadata[key] }
            set { self.metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            self.store.text.withLock { $0 += "\(event.message)\n" }
        }
    }

    /// What is asked for with a right name and key by basic authentication, and what is answered.
    // swift-format-ignore
    static let requests: [(query: String, status: Int, line: String)] = [
        ("hostname=T2",                                    200, "good 9.9.9.9\n"),
        ("hostname=t2&myip=",                              200, "good 9.9.9.9\n"),
        ("hostname=2&myip=8.8.8.8&system=dyndns",          200, "good 8.8.8.8\n"),
        ("hostname=t2.tunnels.example.net&myip=8.8.4.4",   200, "good 8.8.4.4\n"),
        ("system=dyndns&hostname=T2&myip=8.8.4.4&wildcard=NOCHG&mx=&backmx=NO", 200, "good 8.8.4.4\n"),
        ("myip=8.8.8.8",                                   200, "notfqdn\n"),
        ("hostname=",                                      200, "notfqdn\n"),
        ("hostname=router.example.net",                    200, "notfqdn\n"),
        ("hostname=T2,T1",                                 200, "notfqdn\n"),
        ("hostname=T0",                                    200, "notfqdn\n"),
        ("hostname=T1",                                    401, "badauth\n"),
        ("hostname=T77",                                   401, "badauth\n"),
        ("hostname=T2&myip=192.168.1.1",                   200, "badip\n"),
        ("hostname=T2&myip=10.0.0.1",                      200, "badip\n"),
        ("hostname=T2&myip=100.64.3.4",                    200, "badip\n"),
        ("hostname=T2&myip=127.0.0.1",                     200, "badip\n"),
        ("hostname=T2&myip=169.254.1.1",                   200, "badip\n"),
        ("hostname=T2&myip=224.0.0.1",                     200, "badip\n"),
        ("hostname=T2&myip=255.255.255.255",               200, "badip\n"),
        ("hostname=T2&myip=203.0.113.5",                   200, "badip\n"),
        ("hostname=T2&myip=2a00::1",                       200, "badip\n"),
        ("hostname=T2&myip=8.8.8.08",                      200, "badip\n"),
        ("hostname=T2&myip=8.8.8.8,9.9.9.9",               200, "badip\n"),
    ]

    @Test(arguments: requests)
    func answersToTheLetter(_ query: String, _ status: Int, _ line: String) async throws {
        let site = try await Site()

        let answer = try await site.ask("/nic/update?\(query)", [site.basic()])

        #expect((answer.status, answer.line) == (status, line))
        #expect(answer.response.header("content-type") == "text/plain; charset=utf-8")
        #expect(answer.response.header("cache-control") == "no-store")
        #expect((answer.response.header("www-authenticate") != nil) == (status == 401))
    }

    @Test func takesParametersAndForms() async throws {
        let site = try await Site()
        var answer = try await site.ask("/nic/update?username=jdoe&password=KEY&hostname=5072")
        #expect(answer.status == 401)
        answer = try await site.ask("/nic/update?username=jdoe&password=KEY&hostname=2")
        #expect(answer.line == "good 9.9.9.9\n")
        answer = try await site.ask("/nic/update?username=jdoe&password=KEY&hostname=2")
        #expect(answer.line == "nochg 9.9.9.9\n")
        answer = try await site.ask(
            "/nic/update",
            [("content-type", "application/x-www-form-urlencoded")],
            method: "POST",
            body: "username=jdoe&password=KEY&hostname=T2&myip=8.8.8.8"
        )
        #expect(answer.line == "good 8.8.8.8\n")
        answer = try await site.ask("/nic/update?hostname=T2&myip=8.8.8.8", [site.basic()], method: "POST")
        #expect(answer.line == "nochg 8.8.8.8\n")
        // Part in the form, part in the query.
        answer = try await site.ask(
            "/nic/update?myip=8.8.4.4",
            [site.basic(), ("content-type", "application/x-www-form-urlencoded")],
            method: "POST",
            body: "hostname=T2"
        )
        #expect(answer.line == "good 8.8.4.4\n")
        answer = try await site.ask("/nic/update?hostname=T2", [site.basic()], method: "PUT")
        #expect(answer.status == 405)
        answer = try await site.ask("/nic/update?hostname=T2&myip=9.9.9.1", [site.basic()], method: "HEAD")
        #expect(answer.status == 405 && answer.response.header("allow") == "GET, POST")
        answer = try await site.ask("/", [site.basic()])
        #expect(answer.status == 404)
    }

    @Test func saysTheSameToAllWhoMayNot() async throws {
        let site = try await Site()
        let guesses = [
            [(String, String)](), [site.basic("jdoe", "wrong")], [site.basic("nobody")],
            [("authorization", "Bearer x")],
            [("authorization", "Basic !!!")],
            [("authorization", "Basic " + String(repeating: "A", count: 5000))],
        ]
        for (index, headers) in guesses.enumerated() {
            let answer = try await site.ask(
                "/nic/update?hostname=T2",
                headers,
                from: .ipv4(IPv4Address(9, 9, 9, UInt8(index + 1)))
            )
            #expect((answer.status, answer.line) == (401, "badauth\n"), "\(headers)")
        }
    }

    @Test func logsNoKeyAndNoQuery() async throws {
        let site = try await Site()
        for query in ["hostname=T2&myip=8.8.8.8", "hostname=T2&myip=10.1.1.1", "hostname=T2&myip=192.0.2.2"] {
            _ = try await site.ask("/nic/update?username=jdoe&password=KEY&\(query)")
            _ = try await site.ask("/nic/update?\(query)", [site.basic()])
        }
        #expect(site.log.text.contains("T2: ends at 8.8.8.8 now, not at 198.51.100.7"))
        #expect(!site.log.text.contains(site.key) && !site.log.text.contains("hostname"))
    }

    @Test func tellsWhoAsksAndWhoAProxySpeaksFor() async throws {
        let (proxy, client) = (IPAddress.ipv4(IPv4Address(192, 0, 2, 80)), "9.9.9.1")
        let site = try await Site(proxies: [proxy])
        func address(_ from: IPAddress?, _ headers: [(String, String)] = []) async throws -> String {
            try await site.ask("/nic/checkip", headers, from: from).line
        }
        #expect(try await address(Site.home) == "9.9.9.9\n")
        // Who is no proxy speaks for himself, whatever he says.
        #expect(try await address(Site.home, [("x-forwarded-for", client)]) == "9.9.9.9\n")
        #expect(try await address(proxy, [("x-forwarded-for", client)]) == "9.9.9.1\n")
        #expect(try await address(nil, [("x-forwarded-for", "1.1.1.1, \(client)")]) == "9.9.9.1\n")
        #expect(
            try await address(nil, [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", client)])
                == "9.9.9.1\n"
        )
        #expect(try await address(proxy, [("x-forwarded-for", "\(client), 192.0.2.80")]) == "9.9.9.1\n")
        #expect(try await address(nil, [("x-forwarded-for", "[2a00::1]:443")]) == "2a00::1\n")
        #expect(try await address(nil, [("x-forwarded-for", "\(client), unknown")]) == "unknown\n")
        #expect(try await address(nil) == "unknown\n")

        let update = try await site.ask(
            "/nic/update?hostname=T2",
            [site.basic(), ("x-forwarded-for", client)],
            from: nil
        )
        #expect(update.line == "good 9.9.9.1\n")
        let unknown = try await site.ask("/nic/update?hostname=T2", [site.basic()], from: nil)
        #expect(unknown.line == "badip\n")
        // Over IPv6 comes who forgot to force IPv4.
        let six = try await site.ask(
            "/nic/update?hostname=T2",
            [site.basic()],
            from: try IPAddress(parsing: "2a00::1")
        )
        #expect(six.line == "badip\n")
    }

    @Test func slowsDownWhoGuesses() async throws {
        let site = try await Site()
        var lines: [String] = []
        for _ in 0..<12 {
            lines.append(try await site.ask("/nic/update?hostname=T2", [site.basic("jdoe", "x")]).line)
        }
        #expect(lines.prefix(6).allSatisfy { $0 == "badauth\n" } && lines.last == "911\n")
        let slowed = try await site.ask("/nic/update?hostname=T2", [site.basic()])
        #expect(
            slowed.status == 503 && Int(slowed.response.header("retry-after") ?? "").map { $0 > 0 } == true
        )
        // Nobody else is.
        let other = try await site.ask(
            "/nic/update?hostname=T2",
            [site.basic()],
            from: .ipv4(IPv4Address(9, 9, 9, 8))
        )
        #expect(other.line == "good 9.9.9.8\n")
    }

    @Test func oneNetworkCannotMakeTheOthersForgotten() throws {
        let clock = Mutex(ContinuousClock.now)
        let limiter = UpdateLimiter(most: 2000) { clock.withLock(\.self) }
        let guesser = IPAddress.ipv4(IPv4Address(9, 9, 9, 9))
        for _ in 0..<6 {
            #expect(limiter.admit(guesser) == nil)
            limiter.noteFailure(guesser)
        }
        #expect(limiter.admit(guesser) != nil)
        // Of all addresses of a network of 48 bits as many are answered as eight clients would be.
        let base = try IPv6Address(parsing: "2a00:1:2::1")
        let answered = (0..<4000 as Range<UInt64>).count { index in
            limiter.admit(.ipv6(IPv6Address(high: base.high | index, low: base.low))) == nil
        }
        #expect(answered == 480)
        #expect(limiter.admit(.ipv6(try IPv6Address(parsing: "2a00:1:3::1"))) == nil)
        #expect(limiter.admit(guesser) != nil)
        clock.withLock { $0 += .seconds(1) }
        #expect(limiter.admit(.ipv6(base)) == nil)
    }

    @Test func forgetsWhoCameLongAgoAndNobodyInDebt() throws {
        let clock = Mutex(ContinuousClock.now)
        let limiter = UpdateLimiter(most: 8) { clock.withLock(\.self) }
        func client(_ last: UInt8) -> IPAddress { .ipv4(IPv4Address(9, 9, 9, last)) }
        for _ in 0..<7 where limiter.admit(client(0)) == nil { limiter.noteFailure(client(0)) }
        #expect(limiter.admit(client(0)) != nil)
        for last in 1...7 as ClosedRange<UInt8> {
            clock.withLock { $0 += .milliseconds(1) }
            for _ in 0..<60 { #expect(limiter.admit(client(last)) == nil) }
        }
        // All eight are in debt now: the oldest of them make room, and only once in a second.
        for last in 8...11 as ClosedRange<UInt8> { #expect(limiter.admit(client(last)) == nil) }
        #expect(limiter.admit(client(12)) == 1)
        clock.withLock { $0 += .seconds(1) }
        #expect(limiter.admit(client(12)) == nil)
        clock.withLock { $0 += .milliseconds(10) }

        let other = UpdateLimiter(most: 8) { clock.withLock(\.self) }
        for _ in 0..<7 where other.admit(client(0)) == nil { other.noteFailure(client(0)) }
        for last in 1...9 as ClosedRange<UInt8> { #expect(other.admit(client(last)) == nil) }
        #expect(other.admit(client(0)) != nil)
    }

    @Test func answersTooManyChangesWith503AndTheSameAddressNever() async throws {
        let site = try await Site()
        for last in 1...5 {
            let answer = try await site.ask("/nic/update?hostname=T2&myip=9.9.9.\(last)", [site.basic()])
            #expect(answer.line == "good 9.9.9.\(last)\n")
        }
        let sixth = try await site.ask("/nic/update?hostname=T2&myip=9.9.9.6", [site.basic()])
        #expect((sixth.status, sixth.line) == (503, "911\n"))
        #expect(Int(sixth.response.header("retry-after") ?? "").map { (1...600).contains($0) } == true)
        for _ in 0..<20 {
            #expect(
                try await site.ask("/nic/update?hostname=T2&myip=9.9.9.5", [site.basic()]).line
                    == "nochg 9.9.9.5\n"
            )
        }
        var exposition = Exposition()
        site.figures.write(to: &exposition)
        let text = String(decoding: exposition.octets, as: UTF8.self)
        #expect(text.contains("sixxs_endpoint_updates_total{outcome=\"nochg\"} 20\n"))
    }

    @Test func isAtFaultItselfWithoutADatabase() async throws {
        let site = try await Site(anyAddress: true)
        try await site.test.store.registryFile.write { try $0.execute(sql: "DROP TABLE endpointRequest") }

        let answer = try await site.ask("/nic/update?hostname=T2&myip=203.0.113.9", [site.basic()])

        #expect((answer.status, answer.line) == (503, "911\n"))
        #expect(answer.response.header("retry-after") == "60")
    }
}
