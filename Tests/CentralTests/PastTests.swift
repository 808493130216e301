import Foundation
import GRDB
import Logging
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("The past")
struct PastTests {
    private static let now = Date(timeIntervalSince1970: 1_800_000_000)

    static let times: [(String, TimeInterval)] = [
        ("0s", 0), ("90m", 5400), ("2h", 7200), ("3d", 259_200), ("1w", 604_800),
        ("2027-01-14", 115_200), ("2027-01-15T07:59:00Z", 60),
    ]

    @Test(arguments: times)
    func readsTimes(_ text: String, _ age: TimeInterval) throws {
        let time = try OptionParsers.since(text, now: Self.now)

        #expect(Self.now.timeIntervalSince(time) == age)
    }

    @Test(arguments: [
        "", "2", "h", "-1h", "2x", "2027-01", "2027-13-01", "yesterday", "2027-01-16", "2027-01-15T08:02:00Z",
    ])
    func refusesOtherWords(_ text: String) {
        #expect(throws: SyntaxError.self) { try OptionParsers.since(text, now: Self.now) }
    }

    @Test func saysWhatDiffers() {
        let before = #"{"mtu":1280,"owner":null,"tid":"0","changed":"a","on":true}"#
        let after = #"{"mtu":1428,"owner":"jdoe","tid":"0","changed":"b","on":false}"#
        func words(_ action: String, _ before: String?, _ after: String?) -> String {
            AuditEntry(
                revision: 1,
                time: Self.now,
                author: "alice",
                action: action,
                subject: "tunnel T1",
                before: before,
                after: after
            ).words
        }

        #expect(
            words("change", before, after)
                == "change tunnel T1: mtu 1280 -> 1428, on yes -> no, owner none -> jdoe"
        )
        #expect(words("add", nil, before) == "add tunnel T1: mtu 1280, on yes, tid 0")
        #expect(words("remove", before, nil) == "remove tunnel T1: mtu 1280, on yes, tid 0")
    }

    @Test func findsTheChangesOfASubject() async throws {
        let test = try await TestStore(Fixture.registry())
        try await test.store.registry.apply(
            [
                .amendTunnel(Fixture.number(1), TunnelAmendment(mtu: 1300)),
                .addTunnel(
                    NewTunnel(pop: Fixture.name(), end: .ayiya(.random()), number: Fixture.number(11))
                ),
            ],
            by: "alice"
        )

        let one = try await test.store.history.audit(of: ["T1"], HistoryWindow())
        let full = try await test.store.history.audit(of: ["tunnel T1"], HistoryWindow())
        let pattern = try await test.store.history.audit(of: ["T_", "%"], HistoryWindow())
        let last = try await test.store.history.audit(of: [], HistoryWindow(last: 2))

        #expect(one.map(\.subject) == ["tunnel T1", "tunnel T1"])
        #expect(one.map(\.action) == ["add", "change"])
        #expect(full == one)
        #expect(pattern.isEmpty)
        #expect(last.map(\.subject) == ["tunnel T1", "tunnel T11"])
    }

    @Test func endsWhereItIsToldTo() async throws {
        let test = try await TestStore(Fixture.registry())
        let future = HistoryWindow(since: Date(timeIntervalSinceNow: 60))

        #expect(try await test.store.history.audit(of: [], future).isEmpty)
        #expect(try await test.store.history.audit(of: [], HistoryWindow(since: .distantPast)).count == 9)
    }

    @Test func showsAuditsAsDocumentsInDocuments() async throws {
        let test = try await TestStore(Fixture.registry())

        let entry = try #require(try await test.store.history.audit(of: ["T2"], HistoryWindow()).first)
        let json = try JSONText.compact(AuditDocument(entry))

        #expect(json.contains(#""after":{"changed":"#))
        #expect(json.contains(#""before":null"#))
    }

    private static func round(_ test: TestStore, _ connector: FakeConnector) -> Round {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return Round(
            store: test.store.fleet,
            connector: connector,
            author: "tester",
            reason: "test",
            logger: logger
        )
    }

    @Test func remembersEveryContact() async throws {
        let test = try await TestStore(Fixture.registry())
        let failure = ConnectionFailure.unreachable(address: "192.0.2.2", reason: "refused")
        _ = try await Self.round(test, FakeConnector([2: .fails(failure)])).run()

        let all = try await test.store.history.contacts(of: [], HistoryWindow())
        let second = try await test.store.history.contacts(of: [2], HistoryWindow())
        let pushes = try await test.store.history.pushes(of: 1, HistoryWindow(last: 1))

        #expect(all.count == 4)
        #expect(Set(second.map(\.kind)) == [.push, .poll])
        #expect(second.allSatisfy { $0.outcome == "failed" && $0.detail.contains("192.0.2.2") })
        #expect(pushes.map(\.outcome) == ["applied"])
        #expect(pushes.map(\.generation) == [1])
    }

    /// Tunnels that a PoP says go up and down in every visit.
    @Test func keepsNoEndlessNumberOfEvents() async throws {
        let test = try await TestStore(Fixture.registry())
        try await test.store.registryFile.write { database in
            try database.execute(
                sql: """
                    INSERT INTO event (time, popID, tunnel, kind, detail)
                        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100050)
                        SELECT ?, 1, 1, ?, '' FROM n
                    """,
                arguments: [Self.now.milliseconds, FleetEvent.Kind.tunnelUp.rawValue]
            )
        }
        let own = FleetEvent(time: Self.now, popID: 1, kind: .reachable, detail: "")
        let flap = FleetEvent(
            time: Self.now,
            popID: 1,
            tunnel: try Fixture.number(1),
            kind: .tunnelDown,
            detail: "the last"
        )

        try await test.store.rounds.record([own, flap])

        let kept = try await test.store.history.events(of: [1], and: [], HistoryWindow(last: 200_000)).map(
            \.event
        )
        #expect(kept.count { $0.tunnel != nil } == 100_000)
        #expect(kept.last?.detail == "the last")
        #expect(kept.contains { $0.kind == .reachable })
    }

    @Test func findsTheEventsOfPoPsAndTunnels() async throws {
        let test = try await TestStore(Fixture.registry())
        let events = try [(1, UInt32(1)), (1, 2), (2, 3)].map { popID, tunnel in
            FleetEvent(
                time: Self.now,
                popID: popID,
                tunnel: try Fixture.number(tunnel),
                kind: .tunnelUp,
                detail: "T\(tunnel)"
            )
        }
        try await test.store.rounds.record(events)

        #expect(try await test.store.history.events(of: [], and: [], HistoryWindow()).map(\.event) == events)
        #expect(
            try await test.store.history.events(of: [1], and: [], HistoryWindow()).map(\.event)
                == Array(events.prefix(2))
        )
        #expect(
            try await test.store.history.events(of: [], and: [Fixture.number(2)], HistoryWindow()).map(
                \.event
            ) == [
                events[1]
            ]
        )
        #expect(
            try await test.store.history.events(of: [2], and: [Fixture.number(1)], HistoryWindow()).count == 2
        )
        #expect(
            try await test.store.history.events(of: [], and: [], HistoryWindow(last: 1)).map(\.event) == [
                events[2]
            ]
        )
    }

    @Test func listsGenerationsWithoutTheirTexts() async throws {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector()
        _ = try await Self.round(test, connector).run()
        let change = RegistryChange.amendTunnel(try Fixture.number(1), TunnelAmendment(mtu: 1300))
        try await test.store.registry.apply([change], by: "alice")
        _ = try await Self.round(test, connector).run()

        let generations = try await test.store.history.generationSummaries(of: 1, limit: 5)

        #expect(generations.map(\.number) == [2, 1])
        #expect(generations.allSatisfy { $0.confirmed != nil && $0.author == "tester" })
    }
}
