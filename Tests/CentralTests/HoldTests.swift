import Foundation
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("Holds, acknowledgements and names")
struct HoldTests {
    private static func push(_ centre: Centre) async throws -> [PushOutcome] {
        let push = PushNow(pops: [], forced: [], lastWave: .all, confirm: nil)
        return try await push.run(in: centre, progress: nil, waiting: { _ in }).map(\.attempt.outcome)
    }

    @Test func keepAPoPOnWhatItConfirmed() async throws {
        let test = try await TestStore(Fixture.registry())
        let centre = Centre(test)
        _ = try await Self.push(centre)
        let pop = try Fixture.name()

        let held = try await HoldPoPs([pop], because: "the line is worked on").run(in: centre)
        try await ChangeRegistry(.amendTunnel(Fixture.number(1), TunnelAmendment(mtu: 1300))).run(in: centre)
        let outcomes = try await Self.push(centre)
        let again = await #expect(throws: RegistryError.self) {
            try await HoldPoPs([pop, Fixture.name("nltst01")], because: "x").run(in: centre)
        }

        #expect(held.map(\.hold.generation) == [1] && held.first?.hold.author == "tester")
        #expect(outcomes == [.unchanged, .unchanged])
        #expect(again?.description.contains("the line is worked on; sixxs-central unhold chtst01") == true)
        let histories = try await test.store.rounds.histories()
        #expect(histories[1]?.hold != nil && histories[2]?.hold == nil)
        let audit = try await ListAudit(of: ["hold chtst01"], HistoryWindow()).run(in: centre)
        #expect(
            audit.first?.words.hasPrefix("add hold chtst01: generation 1, reason the line is worked on")
                == true
        )
        #expect(try await ReleaseHolds(of: nil).run(in: centre) == [pop])
        #expect(try await Self.push(centre) == [.applied, .unchanged])
    }

    @Test func keepAPoPThatWasNeverPushedToFromPushes() async throws {
        let centre = Centre(try await TestStore(Fixture.registry()))

        let held = try await HoldPoPs([Fixture.name()], because: "not yet").run(in: centre)

        #expect(held.map(\.hold.generation) == [nil])
        #expect(try await Self.push(centre) == [.stopped, .applied])
    }

    @Test func letARenamedPoPGoOnUnderItsOldNameUntilItIsPushedTo() async throws {
        let test = try await TestStore(Fixture.registry())
        let centre = Centre(test)
        for _ in 0..<2 { _ = try await Self.push(centre) }
        let (old, new) = (try Fixture.name(), try Fixture.name("chzrh01"))

        let renamed = try await RenamePoP(old, to: new).run(in: centre)
        let outcomes = try await Self.push(centre)
        let sample = try await test.store.samples.latestSamples()[1]

        #expect(renamed.name == new && renamed.id == 1)
        #expect(outcomes == [.applied, .applied])
        #expect(sample?.doubts == nil && sample?.online == 1)
        #expect(try await ListTunnels(TunnelFilter(pop: new)).run(in: centre).count == 2)
        #expect(
            try await ShowHistory(of: new, HistoryWindow()).run(in: centre).generations.map(\.number) == [
                1, 2,
            ]
        )
        let audit = try await ListAudit(of: ["chzrh01"], HistoryWindow()).run(in: centre)
        #expect(audit.map(\.words).last == "change pop chtst01: name chtst01 -> chzrh01")
        #expect(audit.map(\.action) == ["add", "change"])
    }

    /// A name that is given or asked for, and the sentence that refuses it.
    static let refusals: [(from: String, to: String, message: String)] = [
        ("chtst01", "nltst01", "chtst01 cannot become nltst01: there is such a PoP"),
        ("chtst01", "chtst01", "chtst01 has that name already"),
        ("chtst02", "chzrh01", "there is no PoP chtst02; did you mean chtst01?"),
        ("xxxxx00", "chzrh01", "there is no PoP xxxxx00; sixxs-central pop list shows those there are"),
    ]

    @Test(arguments: refusals)
    func refuseNames(_ refusal: (from: String, to: String, message: String)) async throws {
        let centre = Centre(try await TestStore(Fixture.registry()))

        let error = await #expect(throws: RegistryError.self) {
            try await RenamePoP(Fixture.name(refusal.from), to: Fixture.name(refusal.to)).run(in: centre)
        }

        #expect(error?.description == refusal.message)
    }

    @Test func sayWhatAnOldNameBecame() async throws {
        let centre = Centre(try await TestStore(Fixture.registry()))
        _ = try await RenamePoP(Fixture.name(), to: Fixture.name("chzrh01")).run(in: centre)

        for ask in [
            { _ = try await ShowHistory(of: Fixture.name(), HistoryWindow()).run(in: centre) },
            { _ = try await ShowPoP(Fixture.name()).run(in: centre) },
        ] as [@Sendable () async throws -> Void] {
            let error = await #expect(throws: RegistryError.self) { try await ask() }
            #expect(error?.description.hasPrefix("there is no PoP chtst01: it is chzrh01 since ") == true)
        }
    }

    @Test func quietenAnAlarmUntilATime() async throws {
        let test = try await TestStore(Fixture.registry())
        let centre = Centre(test, FakeConnector([2: .fails(.hostKeyUnknown)]))
        _ = try await Self.push(centre)
        let (pop, now) = (try Fixture.name("nltst01"), Date())
        func verdict(_ seconds: TimeInterval) async throws -> FleetVerdict {
            let status = try await FleetStatus(from: test.store.fleet, only: [])
            return FleetVerdict(status, now: now.addingTimeInterval(seconds))
        }

        let alarm = try await verdict(0)
        let known = AcknowledgePoPs([pop], until: now.addingTimeInterval(600), because: "ticket 4711")
        let answer = try await known.run(in: centre, now: now)
        let quiet = try await verdict(1)
        let after = try await verdict(601)
        let withdrawn = try await WithdrawAcknowledgements(of: [pop]).run(in: centre, now: now)
        let loud = try await verdict(1)

        #expect(alarm.level == .critical && answer.map(\.pop) == [pop])
        #expect(quiet.level == .ok, "\(quiet.line)")
        #expect(
            quiet.line.contains("nltst01 is acknowledged until \(answer[0].acknowledgement.until.iso8601)")
        )
        #expect(quiet.line.contains("by tester: ticket 4711"))
        #expect(after.level == .critical && loud.level == .critical && withdrawn == [pop])
        #expect(try await WithdrawAcknowledgements(of: [pop]).run(in: centre, now: now).isEmpty)
    }

    @Test(arguments: [(-1.0, "is past"), (93.0 * 86400, "is more than 92 days away")])
    func refuseTimes(_ seconds: TimeInterval, _ message: String) async throws {
        let centre = Centre(try await TestStore(Fixture.registry()))
        let now = Date()
        let known = AcknowledgePoPs(
            [try Fixture.name()],
            until: now.addingTimeInterval(seconds),
            because: "x"
        )

        let error = await #expect(throws: RegistryError.self) { try await known.run(in: centre, now: now) }

        #expect(error?.description.contains(message) == true)
    }

    @Test(arguments: [("90m", 5400.0), ("2h", 7200.0), ("3d", 259_200.0), ("2027-01-16", 57_600.0)])
    func readTimesToCome(_ text: String, _ seconds: TimeInterval) throws {
        let now = Date(timeIntervalSince1970: 1_800_000_000)

        #expect(try OptionParsers.until(text, now: now).timeIntervalSince(now) == seconds)
    }

    @Test func sayThatASubjectNeverWas() async throws {
        let centre = Centre(try await TestStore(Fixture.registry()))

        let audit = await #expect(throws: RegistryError.self) {
            try await ListAudit(of: ["T99"], HistoryWindow()).run(in: centre)
        }
        let events = await #expect(throws: RegistryError.self) {
            try await ListEvents(of: [.tunnel(Fixture.number(99))], HistoryWindow()).run(in: centre)
        }

        #expect(audit?.description.hasPrefix("the audit knows no T99") == true)
        #expect(events?.description.hasPrefix("there never was a tunnel T99") == true)
        #expect(
            try await ListEvents(of: [.tunnel(Fixture.number(1))], HistoryWindow()).run(in: centre).events
                .isEmpty
        )
    }
}
