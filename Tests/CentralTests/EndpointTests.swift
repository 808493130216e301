import Foundation
import GRDB
import Logging
import Synchronization
import Testing
import Wire

@testable import Central

@Suite("Endpoints that routers tell") struct EndpointTests {
    /// A time that the test sets.
    private final class Clock: Sendable {
        let time = Mutex(Date(timeIntervalSince1970: 1_800_000_000))

        func advance(_ seconds: TimeInterval) { self.time.withLock { $0 += seconds } }
    }

    /// T2 is static, at chtst01; jdoe has it.
    private static func store(_ clock: Clock) async throws -> TestStore {
        let jdoe = try UserHandle(parsing: "jdoe")
        return try await TestStore(
            Fixture.registry() + [
                .addUser(jdoe, UserAmendment()),
                .amendTunnel(Fixture.number(2), TunnelAmendment(owner: .user(jdoe))),
            ],
            now: { clock.time.withLock(\.self) }
        )
    }

    private static func address(_ last: UInt8) -> IPAddress { .ipv4(IPv4Address(203, 0, 113, last)) }

    private static func request(
        _ test: TestStore,
        _ last: UInt8,
        _ number: UInt32 = 2
    ) async throws -> EndpointOutcome? {
        let change = RegistryChange.requestEndpoint(
            try Fixture.number(number),
            Self.address(last),
            from: .ipv4(IPv4Address(198, 51, 100, 1))
        )
        let results = try await test.store.registry.apply([change], by: "jdoe")
        if case .endpoint(let outcome)? = results.first { return outcome }
        return nil
    }

    private static func endpoint(_ test: TestStore) async throws -> IPAddress? {
        try await test.store.registry.snapshot(of: .fleet).tunnel(Fixture.number(2))?.end.endpoint
    }

    @Test func changeTheRegistryAndNotTheAudit() async throws {
        let clock = Clock()
        let test = try await Self.store(clock)
        let revision = try await test.store.registry.snapshot(of: .fleet).revision

        #expect(try await Self.request(test, 9) == .changed(from: .ipv4(IPv4Address(198, 51, 100, 7))))
        #expect(try await Self.request(test, 9) == .unchanged)

        #expect(try await Self.endpoint(test) == Self.address(9))
        #expect(try await test.store.registry.snapshot(of: .fleet).revision == revision)
        let kept = try await test.store.fleet.endpoints.requests(of: Fixture.number(2))
        #expect(kept.map(\.state) == [.applied] && kept.first?.new == Self.address(9))
        // The next round's text has it.
        let renderer = ConfigurationRenderer(try await test.store.registry.snapshot(of: .fleet))
        #expect(renderer.configuration(of: 1).tunnels.contains { $0.remote == .fixed(Self.address(9)) })
    }

    /// Moves of T2 by its router after 1, 2 and 4 hours, and by an operator after 3.
    @Test func whoseEndsAreKnownInThePast() async throws {
        let clock = Clock()
        let test = try await Self.store(clock)
        let start = clock.time.withLock(\.self)
        for last in [1, 2] as [UInt8] {
            clock.advance(3600)
            _ = try await Self.request(test, last)
        }
        clock.advance(3600)
        let amendment = TunnelAmendment(endpoint: Self.address(3))
        try await test.store.registry.apply([.amendTunnel(try Fixture.number(2), amendment)], by: "op")
        clock.advance(3600)
        _ = try await Self.request(test, 4)
        let now = start.addingTimeInterval(6 * 3600)
        func found(_ text: String, _ hours: Double) async throws -> String {
            let find = FindOwner(
                of: try AddressQuery(parsing: text),
                at: start.addingTimeInterval(hours * 3600)
            )
            let answer = try await find.run(in: Centre(test), now: now)
            return answer.matches.map { match in
                let span = [match.since, match.until].map { time in
                    time.map { "\(Int($0.timeIntervalSince(start) / 3600))" } ?? "-"
                }
                return "\(match.kind) \(match.tunnel?.description ?? "-") \(span.joined(separator: ".."))"
            }.joined(separator: ", ")
        }
        let expected: [(address: String, hours: Double, words: String)] = [
            ("198.51.100.7", 0.5, "endpoint T2 0..1"), ("198.51.100.7", 1.5, ""),
            ("203.0.113.1", 0.5, ""), ("203.0.113.1", 1.5, "endpoint T2 1..2"),
            ("203.0.113.2", 2.5, "endpoint T2 2..3"), ("203.0.113.3", 2.5, ""),
            ("203.0.113.3", 3.5, "endpoint T2 3..4"), ("203.0.113.4", 3.5, ""),
            ("203.0.113.4", 5, "endpoint T2 4..-"), ("203.0.113.3", 5, ""),
        ]
        for (address, hours, words) in expected {
            #expect(try await found(address, hours) == words, "\(address) after \(hours) hours")
        }
    }

    @Test func whoseEndsAreReportedOnceTheWishesAreForgotten() async throws {
        let clock = Clock()
        let test = try await Self.store(clock)
        let key = UpdateKey(of: "k")
        let amendment = TunnelAmendment(updateKey: .key(key))
        try await test.store.registry.apply([.amendTunnel(try Fixture.number(2), amendment)], by: "op")
        var state = FakeDaemon.State()
        state.text = try TestPush.generation(tunnels: 2).text
        let start = clock.time.withLock(\.self)
        for (hours, last) in [(1.0, 1), (2, 2)] as [(Double, UInt8)] {
            clock.time.withLock { $0 = start.addingTimeInterval(hours * 3600) }
            _ = try await Self.request(test, last)
            state.endpoint = "\(Self.address(last))"
            let report = try FakeDaemon.received(state)
            _ = try await test.store.samples.record(report, of: 1, at: clock.time.withLock(\.self))
        }
        clock.advance(8 * 86_400)
        func tunnels(_ last: UInt8, _ hours: Double) async throws -> [String] {
            let find = FindOwner(
                of: try AddressQuery(parsing: "\(Self.address(last))"),
                at: start.addingTimeInterval(hours * 3600)
            )
            let answer = try await find.run(in: Centre(test), now: clock.time.withLock(\.self))
            return answer.matches.compactMap(\.tunnel?.description)
        }

        #expect(try await tunnels(1, 1.5).contains("T2"))
        #expect(try await !tunnels(2, 1.5).contains("T2"))
        #expect(try await tunnels(2, 2.5).contains("T2"))
    }

    @Test func areNotThoseOfASuspendedUser() async throws {
        let clock = Clock()
        let test = try await Self.store(clock)
        for last in 1...6 as ClosedRange<UInt8> { _ = try await Self.request(test, last) }
        try await test.store.registry.apply([.suspendUser(try UserHandle(parsing: "jdoe"))], by: "op")

        #expect(try await Self.request(test, 9) == .unauthorized)
        // What waited does not come when he is no more.
        clock.advance(EndpointPace.short.span + 1)
        _ = try await test.store.registry.apply([.applyWaitingEndpoint(Fixture.number(2))], by: "serve")
        #expect(try await Self.endpoint(test) == Self.address(5))
        #expect(try await test.store.fleet.endpoints.tunnelsThatWait() == [])
    }

    @Test func waitAfterFiveInTenMinutesAndTheNewestComesLater() async throws {
        let clock = Clock()
        let test = try await Self.store(clock)
        for last in 1...5 as ClosedRange<UInt8> {
            guard case .changed? = try await Self.request(test, last) else {
                Issue.record("change \(last) was not made")
                return
            }
            clock.advance(10)
        }

        #expect(try await Self.request(test, 6) == .deferred(seconds: 550))
        #expect(try await Self.request(test, 7) == .deferred(seconds: 550))
        #expect(try await Self.request(test, 7) == .deferred(seconds: 550))
        #expect(try await Self.endpoint(test) == Self.address(5))
        // An address where no tunnel can end, the PoP's own, takes no place of one that waits.
        await #expect(throws: RegistryError.self) {
            try await test.store.registry.apply(
                [.requestEndpoint(Fixture.number(2), .ipv4(IPv4Address(192, 0, 2, 1)), from: nil)],
                by: "jdoe"
            )
        }
        // Nobody is asked to apply it before its time.
        #expect(try await test.store.fleet.endpoints.tunnelsThatWait() == [])

        let apply = RegistryChange.applyWaitingEndpoint(try Fixture.number(2))
        try await test.store.registry.apply([apply], by: "serve")
        #expect(try await Self.endpoint(test) == Self.address(5))
        clock.advance(551)
        #expect(try await test.store.fleet.endpoints.tunnelsThatWait() == [Fixture.number(2)])
        try await test.store.registry.apply([apply], by: "serve")
        #expect(try await Self.endpoint(test) == Self.address(7))
        #expect(try await test.store.fleet.endpoints.tunnelsThatWait() == [])
    }

    @Test func thatWaitAreDroppedWhenTheOldOneIsBack() async throws {
        let clock = Clock()
        let test = try await Self.store(clock)
        for last in 1...6 as ClosedRange<UInt8> { _ = try await Self.request(test, last) }

        #expect(try await Self.request(test, 5) == .unchanged)

        clock.advance(601)
        #expect(try await test.store.fleet.endpoints.tunnelsThatWait() == [])
    }

    /// What ends a wish that waits.
    static let ends: [(String, @Sendable () throws -> [RegistryChange])] = [
        ("a revoked key", { [.amendTunnel(try Fixture.number(2), TunnelAmendment(updateKey: .revoked))] }),
        (
            "another key",
            {
                let key = UpdateKey.random().stored
                return [.amendTunnel(try Fixture.number(2), TunnelAmendment(updateKey: .key(key)))]
            }
        ),
        ("no owner", { [.amendTunnel(try Fixture.number(2), TunnelAmendment(owner: .nobody))] }),
        (
            "the operator's word",
            { [.amendTunnel(try Fixture.number(2), TunnelAmendment(endpoint: Self.address(77)))] }
        ),
        (
            "the operator's word that it stays",
            { [.amendTunnel(try Fixture.number(2), TunnelAmendment(endpoint: Self.address(5)))] }
        ),
        (
            "another type and back",
            {
                let number = try Fixture.number(2)
                return [
                    .amendTunnel(number, TunnelAmendment(type: .heartbeat)),
                    .amendTunnel(number, TunnelAmendment(type: .static, endpoint: Self.address(5))),
                ]
            }
        ),
        ("another PoP", { [.moveTunnel(try Fixture.number(2), try Fixture.name("nltst01"), nil)] }),
    ]

    @Test(arguments: ends.indices) func thatWaitDoNotOutlive(_ index: Int) async throws {
        let clock = Clock()
        let test = try await Self.store(clock)
        let key = RegistryChange.amendTunnel(
            try Fixture.number(2),
            TunnelAmendment(updateKey: .key(UpdateKey.random().stored))
        )
        try await test.store.registry.apply([key], by: "t")
        for last in 1...6 as ClosedRange<UInt8> { _ = try await Self.request(test, last) }

        try await test.store.registry.apply(Self.ends[index].1(), by: "operator")

        let before = try await Self.endpoint(test)
        clock.advance(601)
        #expect(try await test.store.fleet.endpoints.tunnelsThatWait() == [], "\(Self.ends[index].0)")
        try await test.store.registry.apply([.applyWaitingEndpoint(Fixture.number(2))], by: "serve")
        #expect(try await Self.endpoint(test) == before)
        let states = try await test.store.fleet.endpoints.requests(of: Fixture.number(2)).map(\.state)
        #expect(states.first == .superseded && !states.contains(.deferred))
    }

    @Test func thatWaitSurviveWhatIsNoneOfTheirBusiness() async throws {
        let clock = Clock()
        let test = try await Self.store(clock)
        for last in 1...6 as ClosedRange<UInt8> { _ = try await Self.request(test, last) }

        let mtu = RegistryChange.amendTunnel(try Fixture.number(2), TunnelAmendment(mtu: 1300))
        try await test.store.registry.apply([mtu], by: "operator")

        clock.advance(601)
        #expect(try await test.store.fleet.endpoints.tunnelsThatWait() == [Fixture.number(2)])
    }

    @Test func ofATunnelThatIsStaticNoMoreWaitForNothing() async throws {
        let clock = Clock()
        let test = try await Self.store(clock)
        for last in 1...6 as ClosedRange<UInt8> { _ = try await Self.request(test, last) }
        clock.advance(601)
        // As databases may have it in which a change of the type left the wish standing.
        try await test.store.registry.apply(
            [.amendTunnel(Fixture.number(2), TunnelAmendment(type: .heartbeat))],
            by: "t"
        )
        try await test.store.registryFile.write { database in
            try database.execute(
                sql: "UPDATE endpointRequest SET state = 'deferred' WHERE state = 'superseded'"
            )
        }

        try await test.store.registry.apply([.applyWaitingEndpoint(Fixture.number(2))], by: "serve")

        #expect(try await test.store.fleet.endpoints.tunnelsThatWait() == [])
    }

    @Test func thatWaitedCountOnce() async throws {
        let clock = Clock()
        let test = try await Self.store(clock)
        let apply = RegistryChange.applyWaitingEndpoint(try Fixture.number(2))
        var asked = 0
        for last in 1...48 as ClosedRange<UInt8> {
            #expect(try await Self.request(test, last) != .tooMany)
            asked += 1
            // Each wish that had to wait is applied a minute later.
            clock.advance(60)
            try await test.store.registry.apply([apply], by: "serve")
        }
        let kept = try await test.store.fleet.endpoints.requests(of: Fixture.number(2))
        #expect(kept.count == asked)
        #expect(kept.contains { $0.state == .superseded } && kept.first?.number ?? 0 >= 48)
    }

    @Test func areForgottenAfterAWeekEvenIfNobodyAsks() async throws {
        let clock = Clock()
        let test = try await Self.store(clock)
        _ = try await Self.request(test, 9)
        let endpoints = test.store.fleet.endpoints
        #expect(try await endpoints.changedTunnels(ofPoP: 1) == [Fixture.number(2)])

        clock.advance(7 * 86_400 + 1)

        #expect(try await endpoints.requests(of: Fixture.number(2)) == [])
        #expect(try await endpoints.changedTunnels(ofPoP: 1) == [])
        try await endpoints.forgetOldRequests()
        let rows = try await test.store.registryFile.read { database in
            try Int.fetchOne(database, sql: "SELECT count(*) FROM endpointRequest")
        }
        #expect(rows == 0)
    }

    @Test func areAbuseFromFiftyAnHourOnAndTheSameOneNeverIs() async throws {
        let clock = Clock()
        let test = try await Self.store(clock)
        for last in 1...50 as ClosedRange<UInt8> {
            #expect(try await Self.request(test, last) != .tooMany)
        }

        #expect(try await Self.request(test, 51) == .tooMany)
        #expect(try await Self.request(test, 52) == .tooMany)
        for _ in 0..<100 { #expect(try await Self.request(test, 5) == .unchanged) }
        #expect(try await test.store.fleet.endpoints.requests(of: Fixture.number(2)).count == 50)
        clock.advance(3601)
        #expect(try await Self.request(test, 51) == .changed(from: Self.address(5)))
        // A week later nobody asks any more.
        clock.advance(7 * 86_400 + 1)
        _ = try await Self.request(test, 52)
        #expect(try await test.store.fleet.endpoints.requests(of: Fixture.number(2)).count == 1)
    }

    @Test func mustBeAddressesWhereATunnelCanEnd() async throws {
        let test = try await Self.store(Clock())
        let number = try Fixture.number(2)
        for text in ["192.0.2.2", "127.0.0.1", "224.0.0.1", "2001:db8:101::5"] {
            let address = try IPAddress(parsing: text)
            await #expect(throws: RegistryError.self, "\(text)") {
                try await test.store.registry.apply(
                    [.requestEndpoint(number, address, from: nil)],
                    by: "jdoe"
                )
            }
        }
        await #expect(throws: RegistryError.self) { try await Self.request(test, 9, 1) }
        #expect(try await test.store.fleet.endpoints.requests(of: number) == [])
    }

    // MARK: - Who may

    private static func update(
        _ test: TestStore,
        _ key: String,
        user: String = "jdoe",
        _ number: UInt32 = 2
    ) async throws -> UpdateEndpoint.Answer {
        try await UpdateEndpoint(
            user: user,
            key: key,
            tunnel: Fixture.number(number),
            address: IPv4Address(203, 0, 113, 9),
            client: nil
        ).run(in: Centre(test))
    }

    @Test func areToldWithAKeyThatIsShownOnceAndCanBeRevoked() async throws {
        let test = try await Self.store(Clock())
        let change = ChangeUpdateKey(of: try Fixture.number(2), isRevoked: false)
        #expect(try await Self.update(test, "") == .unauthorized)

        let first = try await change.run(in: Centre(test))
        let key = try #require(first.key)
        #expect(first.user == "jdoe" && key.utf8.count == 24)
        #expect(
            try await Self.update(test, key, user: "JDoe")
                == .done(.changed(from: .ipv4(IPv4Address(198, 51, 100, 7))))
        )
        #expect(try await Self.update(test, key) == .done(.unchanged))
        for (key, user, number) in [
            (key + "x", "jdoe", 2), ("", "jdoe", 2), (key, "nobody", 2), (key, "jdoe", 1), (key, "jdoe", 77),
        ] {
            #expect(try await Self.update(test, key, user: user, UInt32(number)) == .unauthorized)
        }
        // Neither the database nor the audit has the key itself.
        let audit = try await test.store.fleet.history.audit(of: ["tunnel T2"], HistoryWindow(last: 5))
        #expect(audit.last?.after?.contains("\"updateKeySet\":true") == true)
        #expect(!audit.contains { ($0.after ?? "").contains(key) })
        let stored = try await test.store.registry.snapshot(of: .fleet).tunnel(Fixture.number(2))?.updateKey
        #expect(stored?.hash == UpdateKey(of: key).hash && stored?.hash != key)

        // Whoever had the tunnel before knows the key, and can guess the handle of who has it now.
        let other = try UserHandle(parsing: "other")
        try await test.store.registry.apply(
            [
                .addUser(other, UserAmendment()),
                .amendTunnel(Fixture.number(2), TunnelAmendment(owner: .user(other))),
            ],
            by: "t"
        )
        #expect(try await Self.update(test, key, user: "other") == .unauthorized)
        let jdoe = TunnelAmendment(owner: .user(try UserHandle(parsing: "jdoe")))
        try await test.store.registry.apply([.amendTunnel(Fixture.number(2), jdoe)], by: "t")
        #expect(try await Self.update(test, key) == .unauthorized)

        let second = try await change.run(in: Centre(test))
        #expect(try await Self.update(test, key) == .unauthorized)
        #expect(try await Self.update(test, try #require(second.key)) == .done(.unchanged))
        let revoked = try await ChangeUpdateKey(of: Fixture.number(2), isRevoked: true).run(in: Centre(test))
        #expect(revoked.key == nil && revoked.changed)
        #expect(try await Self.update(test, try #require(second.key)) == .unauthorized)
        let again = try await ChangeUpdateKey(of: Fixture.number(2), isRevoked: true).run(in: Centre(test))
        #expect(!again.changed)
    }

    @Test(arguments: [("198.51.100.7", 1480), ("2001:db8:77::7", 1460)])
    func leaveAnMTUThatFitsTheirFamily(_ endpoint: String, _ mtu: Int) async throws {
        let test = try await Self.store(Clock())
        let change = TunnelAmendment(endpoint: try IPAddress(parsing: endpoint), mtu: 1480)
        try await test.store.registry.apply([.amendTunnel(Fixture.number(2), change)], by: "t")
        let account = try ClientAccount(parsing: "jdoe/\(Fixture.number(2))")
        let access = try await test.store.registry.snapshot(of: .fleet).access(of: account)
        #expect(access.tunnels.map(\.mtu) == [mtu])
    }

    @Test func knowWhetherThereWasASecretToRevoke() async throws {
        let test = try await Self.store(Clock())
        func change(_ isRevoked: Bool) async throws -> ChangeTICSecret.Answer {
            try await ChangeTICSecret(of: Fixture.number(2), isRevoked: isRevoked).run(in: Centre(test))
        }
        #expect(try await !change(true).changed)
        let made = try await change(false)
        #expect(made.changed && made.secret != nil)
        #expect(try await change(true).changed)
        #expect(try await !change(true).changed)
        #expect(!TunnelAmendment(updateKey: .revoked, ticSecret: .revoked).concernsPoP)
    }

    @Test func areLookedAtAgainWhereTheyAreMade() async throws {
        let test = try await Self.store(Clock())
        let (number, jdoe) = (try Fixture.number(2), try UserHandle(parsing: "jdoe"))
        let key = UpdateKey(of: "key")
        try await test.store.registry.apply(
            [.amendTunnel(number, TunnelAmendment(updateKey: .key(key)))],
            by: "t"
        )
        let claims = [
            EndpointClaim(owner: jdoe, key: UpdateKey(of: "old")),
            EndpointClaim(owner: try UserHandle(parsing: "other"), key: key),
        ]
        for claim in claims + [EndpointClaim(owner: jdoe, key: key)] {
            let change = RegistryChange.requestEndpoint(number, Self.address(9), from: nil, with: claim)
            let results = try await test.store.registry.apply([change], by: "jdoe")
            let isRight = claim == EndpointClaim(owner: jdoe, key: key)
            #expect((results == [.endpoint(.unauthorized)]) == !isRight)
            #expect((try await Self.endpoint(test) == Self.address(9)) == isRight)
        }
    }

    @Test func areNoBusinessOfTheOwnerBefore() async throws {
        let test = try await Self.store(Clock())
        let (number, other) = (try Fixture.number(2), try UserHandle(parsing: "other"))
        let server = try DomainName(parsing: "ns.jdoe.example")
        let settings = TunnelAmendment(nameServers: [server], publishesEndpoint: true)
        func tunnel(_ changes: RegistryChange...) async throws -> Tunnel? {
            try await test.store.registry.apply(changes, by: "t")
            return try await test.store.registry.snapshot(of: .fleet).tunnel(number)
        }
        var found = try await tunnel(
            .addUser(other, UserAmendment()),
            .amendTunnel(number, settings),
            .amendTunnel(number, TunnelAmendment(owner: .user(try UserHandle(parsing: "JDOE"))))
        )
        #expect(found?.publishesEndpoint == true && found?.nameServers == [server])

        found = try await tunnel(.amendTunnel(number, TunnelAmendment(owner: .user(other))))
        #expect(found?.publishesEndpoint == false && found?.nameServers == [])

        let given = TunnelAmendment(owner: .nobody, nameServers: [server], publishesEndpoint: true)
        found = try await tunnel(.amendTunnel(number, given))
        #expect(found?.publishesEndpoint == true && found?.nameServers == [server])
    }

    @Test func needAnOwnerAndAStaticTunnel() async throws {
        let test = try await TestStore(Fixture.registry())
        for (number, words) in [(1, "it needs no key"), (2, "T2 has no owner, whose handle a router sends")] {
            let change = ChangeUpdateKey(of: try Fixture.number(UInt32(number)), isRevoked: false)
            let error = await #expect(throws: RegistryError.self) { try await change.run(in: Centre(test)) }
            #expect("\(error!)".contains(words))
        }
    }
}

@Suite("Between rounds") struct EndpointDispatchTests {
    private static func dispatch(
        _ test: TestStore,
        _ connector: FakeConnector,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) -> EndpointDispatch {
        EndpointDispatch(
            store: test.store.fleet,
            connector: connector,
            author: "serve",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: now
        )
    }

    private static func round(_ test: TestStore, _ connector: FakeConnector) async throws -> [Round.Outcome] {
        try await Round(
            store: test.store.fleet,
            connector: connector,
            author: "t",
            reason: "t",
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ).run()
    }

    private static func move(_ test: TestStore, to last: UInt8, _ number: UInt32 = 2) async throws {
        try await test.store.registry.apply(
            [.requestEndpoint(Fixture.number(number), .ipv4(IPv4Address(203, 0, 113, last)), from: nil)],
            by: "jdoe"
        )
    }

    private static func running(_ connector: FakeConnector) -> (text: String, generation: Int, patches: Int) {
        connector.daemons.withLock { daemons in
            (daemons[1]?.text ?? "", daemons[1]?.generation ?? -1, daemons[1]?.patches ?? -1)
        }
    }

    @Test func anEndpointIsAtItsPoPAndTheNextRoundAgrees() async throws {
        let (test, connector) = (try await TestStore(Fixture.registry()), FakeConnector())
        _ = try await Self.round(test, connector)
        let dispatch = Self.dispatch(test, connector)
        // An operator's change waits for the round.
        try await test.store.registry.apply(
            [.amendTunnel(Fixture.number(1), TunnelAmendment(mtu: 1300))],
            by: "t"
        )
        try await Self.move(test, to: 9)

        await dispatch.turn()

        var running = Self.running(connector)
        #expect(running.text.contains("config 1 T2 203.0.113.9 up 1480"))
        #expect(running.text.contains("ayiya up 1428") && running.generation == 1 && running.patches == 1)
        // Nothing new: the PoP is left alone. Two changes within a second go together.
        await dispatch.turn()
        try await Self.move(test, to: 10)
        try await Self.move(test, to: 11)
        await dispatch.turn()
        running = Self.running(connector)
        #expect(running.text.contains("203.0.113.11 up") && running.patches == 2)

        let outcomes = try await Self.round(test, connector)
        #expect(outcomes.map(\.attempt.outcome) == [.applied, .unchanged])
        running = Self.running(connector)
        #expect(running.text.contains("203.0.113.11 up") && running.text.contains("ayiya up 1300"))
        let events = try await test.store.fleet.history.events(limit: 50)
        #expect(!events.contains { $0.kind == .drifted })
    }

    @Test func aRoundThatWasPlannedBeforeIsMadeGood() async throws {
        let (test, connector) = (try await TestStore(Fixture.registry()), FakeConnector())
        _ = try await Self.round(test, connector)
        let dispatch = Self.dispatch(test, connector)
        try await Self.move(test, to: 9)
        await dispatch.turn()
        let patched = Self.running(connector).text
        // The old text comes back, as from a round whose plan was older.
        let old = try await test.store.fleet.rounds.generation(1, of: 1)
        connector.daemons.withLock { daemons in
            daemons[1]?.text = old.text
            daemons[1]?.digest = old.digest
        }

        dispatch.recheck()
        await dispatch.turn()

        #expect(Self.running(connector).text == patched)
    }

    @Test func aHeldPoPAndOneThatRunsSomethingElseAreLeftAlone() async throws {
        let (test, connector) = (try await TestStore(Fixture.registry()), FakeConnector())
        _ = try await Self.round(test, connector)
        let dispatch = Self.dispatch(test, connector)
        try await test.store.fleet.rounds.hold([(popID: 1, generation: 1)], by: "jdoe", "looking")
        try await Self.move(test, to: 9)
        await dispatch.turn()
        #expect(Self.running(connector).patches == 0)
        let answer = try await ListEndpointRequests(of: Fixture.number(2)).run(in: Centre(test, connector))
        #expect(answer.held?.contains("by jdoe: looking") == true && answer.requests.count == 1)

        try await test.store.fleet.rounds.release([1], by: "jdoe")
        connector.daemons.withLock { daemons in
            daemons[1]?.digest = String(repeating: "a", count: 64)
        }
        dispatch.recheck()
        await dispatch.turn()
        #expect(Self.running(connector).patches == 0)
    }

    @Test func whatFailsIsTriedAgain() async throws {
        let (test, connector) = (try await TestStore(Fixture.registry()), FakeConnector())
        _ = try await Self.round(test, connector)
        let time = Mutex(ContinuousClock.now)
        let dispatch = Self.dispatch(test, connector) { time.withLock(\.self) }
        connector.scripts.withLock { $0[1] = .fails(.cancelled) }
        try await Self.move(test, to: 9)
        await dispatch.turn()
        time.withLock { $0 += .seconds(1) }
        await dispatch.turn()
        connector.scripts.withLock { $0[1] = .well }

        // It failed twice: the pause is two seconds.
        time.withLock { $0 += .milliseconds(1999) }
        await dispatch.turn()
        #expect(Self.running(connector).patches == 0)
        time.withLock { $0 += .milliseconds(1) }
        await dispatch.turn()
        #expect(Self.running(connector).text.contains("203.0.113.9 up"))
    }

    @Test func newChangesDoNotWaitForThePauseToEnd() async throws {
        let (test, connector) = (try await TestStore(Fixture.registry()), FakeConnector())
        _ = try await Self.round(test, connector)
        let time = ContinuousClock.now
        let dispatch = Self.dispatch(test, connector) { time }
        connector.scripts.withLock { $0[1] = .fails(.cancelled) }
        try await Self.move(test, to: 9)
        await dispatch.turn()
        connector.scripts.withLock { $0[1] = .well }

        try await Self.move(test, to: 10)
        await dispatch.turn()

        #expect(Self.running(connector).text.contains("203.0.113.10 up"))
    }

    @Test func aPoPThatCannotBeReachedHasNothingForgotten() async throws {
        let (test, connector) = (try await TestStore(Fixture.registry()), FakeConnector())
        _ = try await Self.round(test, connector)
        let dispatch = Self.dispatch(test, connector)
        try await Self.move(test, to: 9)
        await dispatch.turn()
        connector.scripts.withLock { $0[1] = .fails(.cancelled) }
        // Each wish is another state that it would run; the pace is not what is looked at here.
        for last in 10...16 as ClosedRange<UInt8> {
            try await Self.move(test, to: last)
            await dispatch.turn()
            try await test.store.registryFile.write { database in
                try database.execute(sql: "UPDATE endpointRequest SET time = time - 700000")
            }
        }
        connector.scripts.withLock { $0[1] = .well }

        try await Self.move(test, to: 17)
        await dispatch.turn()

        #expect(Self.running(connector).text.contains("203.0.113.17 up"))
        let states = try await test.store.fleet.endpoints.patchedStates(of: 1, on: 1)
        #expect(states.count == 2)
    }

    @Test func theStateThatRunsIsNeverForgotten() async throws {
        let test = try await TestStore(Fixture.registry())
        func state(_ digit: Int) -> PatchedState {
            let digest = String(repeating: "\(digit)", count: 64)
            return PatchedState(popID: 1, generation: 1, digest: digest, patch: "")
        }
        for digit in 1...9 {
            try await test.store.fleet.endpoints.keep(state(digit), beside: state(1).digest)
        }

        let kept = try await test.store.fleet.endpoints.patchedStates(of: 1, on: 1)

        #expect(kept == [state(1), state(6), state(7), state(8), state(9)])
    }

    /// T2 and T3 are static, at chtst01.
    private static func two() async throws -> (TestStore, FakeConnector) {
        let third = NewTunnel(pop: try Fixture.name(), end: .fixed(.ipv4(IPv4Address(198, 51, 100, 8))))
        let (test, connector) = (
            try await TestStore(Fixture.registry() + [.addTunnel(third)]), FakeConnector()
        )
        _ = try await Self.round(test, connector)
        return (test, connector)
    }

    @Test func aWishThatCannotBeAppliedKeepsNoOtherBack() async throws {
        let (test, connector) = try await Self.two()
        let now = Date().milliseconds
        try await test.store.registryFile.write { database in
            try database.execute(
                sql: """
                    INSERT INTO endpointRequest (tunnel, popID, time, old, new, state)
                    VALUES (2, 1, ?, 'nowhere', 'nowhere', 'deferred')
                    """,
                arguments: [now]
            )
        }
        try await Self.move(test, to: 9, 3)

        await Self.dispatch(test, connector).turn()

        #expect(Self.running(connector).text.contains("T3 203.0.113.9 up"))
    }

    /// Tunnels of which nobody wishes anything now keep the endpoint that they have at the PoP.
    @Test func theEndpointsOfOthersStay() async throws {
        let (test, connector) = try await Self.two()
        let dispatch = Self.dispatch(test, connector)
        try await Self.move(test, to: 9)
        await dispatch.turn()
        // A week goes by without a round that had anything to bring.
        try await test.store.registryFile.write { try $0.execute(sql: "DELETE FROM endpointRequest") }

        try await Self.move(test, to: 10, 3)
        await dispatch.turn()
        var text = Self.running(connector).text
        #expect(text.contains("T2 203.0.113.9 up") && text.contains("T3 203.0.113.10 up"))

        // What the operator takes away waits for a round, and so does who wants its address.
        try await test.store.registry.apply([.removeTunnel(Fixture.number(2))], by: "t")
        try await Self.move(test, to: 9, 3)
        await dispatch.turn()
        text = Self.running(connector).text
        #expect(text.contains("T2 203.0.113.9 up") && text.contains("T3 203.0.113.10 up"))
        _ = try await Self.round(test, connector)
        text = Self.running(connector).text
        #expect(!text.contains("T2 ") && text.contains("T3 203.0.113.9 up"))
    }

    @Test func twoTunnelsMayChangePlaces() async throws {
        let (test, connector) = try await Self.two()
        for (number, end) in [(2, IPv4Address(203, 0, 113, 9)), (3, IPv4Address(198, 51, 100, 7))] {
            try await test.store.registry.apply(
                [.requestEndpoint(Fixture.number(UInt32(number)), .ipv4(end), from: nil)],
                by: "t"
            )
        }
        try await test.store.registry.apply(
            [.requestEndpoint(Fixture.number(2), .ipv4(IPv4Address(198, 51, 100, 8)), from: nil)],
            by: "t"
        )

        await Self.dispatch(test, connector).turn()

        let text = Self.running(connector).text
        #expect(text.contains("T2 198.51.100.8 up") && text.contains("T3 198.51.100.7 up"))
    }

    @Test func moreThanAPatchHasRoomForGoesInSeveral() async throws {
        let (test, connector) = (try await TestStore(Fixture.registry()), FakeConnector())
        let name = try Fixture.name()
        let count = ConfigurationPatch.maximumLineCount + 50
        func end(_ index: Int, _ network: UInt8) -> IPAddress {
            .ipv4(IPv4Address(20, network, UInt8(index / 250), UInt8(index % 250 + 1)))
        }
        let results = try await test.store.registry.apply(
            (0..<count).map { .addTunnel(NewTunnel(pop: name, end: .fixed(end($0, 1)))) },
            by: "t"
        )
        let numbers = results.compactMap { if case .tunnel(let tunnel) = $0 { tunnel.number } else { nil } }
        // Errors of so many tunnels at once would end the trial.
        connector.daemons.withLock { daemons in
            daemons[1] = FakeDaemon.State()
            daemons[1]?.errors = 0
        }
        let outcomes = try await Self.round(test, connector)
        try #require(outcomes.map(\.attempt.outcome) == [.applied, .applied])
        let dispatch = Self.dispatch(test, connector)
        try await test.store.registry.apply(
            zip(numbers, numbers.indices).map { .requestEndpoint($0, end($1, 2), from: nil) },
            by: "t"
        )

        await dispatch.turn()
        #expect(Self.running(connector).patches == 1)
        await dispatch.turn()
        #expect(Self.running(connector).patches == 2)
        try await Self.move(test, to: 9)
        await dispatch.turn()

        let running = Self.running(connector)
        let moved = running.text.split(separator: "\n").count { $0.contains(" 20.2.") }
        #expect(moved == count && running.patches == 3 && running.text.contains("203.0.113.9 up"))
    }
}
