import Foundation
import GRDB
import Logging
import TestSupport
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("A PoP that reports what cannot be")
struct HostileReportTests {
    private static let start = Date(timeIntervalSince1970: Double(ReportText.now))
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let second = "{\"id\":2,\"name\":\"nltst01\"}"

    private static func round(_ test: TestStore, _ scripts: [Int: FakeConnector.Script]) -> Round {
        Round(
            store: test.store.fleet,
            connector: FakeConnector(scripts),
            author: "tester",
            reason: "test",
            logger: Self.quiet
        )
    }

    private static func received(_ text: String) throws -> ReceivedReport {
        let expectation = ReportExpectation(
            popID: 1,
            popName: "chtst01",
            tunnels: [try Fixture.number(1)],
            now: ReportText.now
        )
        return try ReceivedReport(parsing: Array(text.utf8), expecting: expectation)
    }

    /// Everything that an operator can ask for, as far as the last sum.
    private static func everyWord(about test: TestStore) async throws -> String {
        let status = try await FleetStatus(from: test.store.fleet, only: [])
        let verdict = FleetVerdict(status, now: Self.start, limits: FleetVerdict.Limits(smallPoP: 1))
        let tunnel = TrafficStep.differences(
            of: try await test.store.samples.steps(of: Fixture.number(1), since: Self.start)
        )
        let pop = TrafficStep.differences(of: try await test.store.samples.steps(ofPoP: 1, since: Self.start))
        let steps = tunnel.map { StepDocument($0, of: .tunnel) } + pop.map { StepDocument($0, of: .pop) }
        let figures = try await FleetFigures(test.store.fleet, now: test.store.now())
        let rows = status.pops.map { StatusDocument($0) }
        let table = StepDocument.table(steps, of: .tunnel).lines
        return try [
            "\(verdict.line)", "\(JSONText.pretty(rows))", "\(JSONText.pretty(steps))",
            "\(JSONText.pretty(figures))",
            "\(FieldList(figures.fields).text)", "\(table)", "\(rows.flatMap(\.notes))",
        ].joined(separator: "\n")
    }

    /// Each number, each extreme, to the last sum.
    @Test func trapsNothingWhateverANumberIs() async throws {
        let test = try await TestStore(Fixture.registry())
        let generation = try ConfigurationRenderer(try await test.store.registry.snapshot(of: .fleet)).render(
            1
        )
        _ = try await test.store.rounds.generation(of: generation, author: "t", reason: "t")
        var time = Self.start
        for number in ReportText.numbers {
            for (index, extreme) in ReportText.extremes.enumerated() {
                let instance = String(repeating: index % 3 == 0 ? "a" : "b", count: 32)
                let text = ReportText.json([number.description: extreme], instance: instance)
                _ = try await test.store.samples.record(try Self.received(text), of: 1, at: time)
                time += 600
            }
            let words = try await Self.everyWord(about: test)
            #expect(
                !words.contains("9223372036854775807") && !words.contains("-9223372036854775808"),
                "\(number)"
            )
        }
        let all = Dictionary(
            uniqueKeysWithValues: ReportText.numbers.map { ($0.description, "9223372036854775807") }
        )
        _ = try await test.store.samples.record(try Self.received(ReportText.json(all)), of: 1, at: time)

        let sample = try #require(try await test.store.samples.latestSamples()[1])
        #expect((sample.uptime, sample.clockSkew, sample.online, sample.configured) == (nil, nil, nil, nil))
        #expect(sample.doubts?.hasPrefix("its report has 27 impossible values (") == true)
        let words = try await Self.everyWord(about: test)
        #expect(words.contains("doubtful report: its report has 27 impossible values ("))
        #expect(words.contains("0 of 2 tunnels up, 2 unknown"))
    }

    @Test func isNotBelievedAboutTheTunnelsOfOthers() async throws {
        let test = try await TestStore(Fixture.registry())
        let lie = ReportText.json(claim: Self.second, tunnel: "T1")
        let round = Self.round(test, [2: .reports(lie)])

        for _ in 0..<3 { _ = try await round.run() }

        let events = try await test.store.history.events(limit: 100)
        #expect(events.filter { $0.tunnel != nil }.allSatisfy { $0.popID == 1 })
        let told = events.filter { $0.kind == .doubted }
        #expect(told.map(\.popID) == [2])
        #expect(told.first?.detail == "its report has 1 tunnel that is not its own (T1)")
        let owners = try await test.store.sampleFile.read {
            try Int.fetchAll($0, sql: "SELECT popID FROM tunnelCounter WHERE tunnel = 1")
        }
        #expect(owners == [1])
        #expect(try await test.store.samples.latestSamples()[2]?.doubts == told.first?.detail)
    }

    @Test func isNotBelievedWhenItIsAnother() async throws {
        let test = try await TestStore(Fixture.registry())

        let outcomes = try await Self.round(test, [2: .reports(ReportText.json(tunnel: "T1"))]).run()

        // Whoever listens there has a tunnel: the guard against mass changes looks at it all the same.
        #expect(outcomes.map(\.attempt.outcome) == [.applied, .stopped])
        #expect(outcomes[1].attempt.detail.contains("the daemon says that it is PoP 1 chtst01"))
        let sample = try #require(try await test.store.samples.latestSamples()[2])
        #expect(sample.uptime == nil && sample.online == nil)
        #expect(sample.doubts?.contains("the daemon says that it is PoP 1 chtst01") == true)
        #expect(
            try await test.store.history.events(limit: 9).filter { $0.kind == .doubted }.map(\.popID) == [2]
        )
    }

    @Test func losesRowsThatNobodyOwns() async throws {
        let test = try await TestStore(Fixture.registry())
        _ = try await test.store.samples.record(try Self.received(ReportText.json()), of: 1, at: Self.start)
        try await test.store.sampleFile.write { database in
            for stranger in 100..<2200 {
                for (table, columns) in [("tunnelCounter", 17), ("tunnelStep", 13)] {
                    let row = try #require(
                        try Row.fetchOne(database, sql: "SELECT * FROM \(table) WHERE tunnel = 1 LIMIT 1")
                    )
                    let values = row.map { $0.0 == "tunnel" ? stranger.databaseValue : $0.1 }
                    let marks = values.map { _ in "?" }.joined(separator: ", ")
                    #expect(values.count > columns)
                    try database.execute(
                        sql: "INSERT INTO \(table) VALUES (\(marks))",
                        arguments: StatementArguments(values)
                    )
                }
            }
        }

        var removed: [Int] = []
        repeat { removed.append(try await test.store.samples.forgetStrangers()) } while removed.last != 0

        #expect(removed == Array(repeating: 200, count: 10) + [100, 0])
        for table in ["tunnelCounter", "tunnelStep"] {
            let left = try await test.store.sampleFile.read {
                try Set(Int.fetchAll($0, sql: "SELECT tunnel FROM \(table)"))
            }
            #expect(left == [1], "\(table)")
        }
    }

    @Test func isMendedWhereAnOlderCentreStoredWhatItSaid() async throws {
        let folder = try TemporaryFolder()
        let queue = try DatabaseQueue(path: folder.path("central-samples.db"))
        try Migrations.samples.migrate(queue, upTo: "2 steps")
        try await queue.write { database in
            let (least, most) = (Int64.min, Int64.max)
            try database.execute(
                sql: """
                    INSERT INTO popCounter VALUES (1, 0, 'a', '0.1.0', \(most), \(least), \(most), 'd', \(most), 5, \(least),
                        \(most), \(most), 7, 7, 7, \(most), 7, 7, 7);
                    INSERT INTO tunnelCounter VALUES (1, 1, 0, 'a', 'up', \(most), 7, 7, 7, 7, 7, 7, \(least), 7, 7, 7, 7, 7, 7);
                    INSERT INTO tunnelStep VALUES (600, 1, 600000, 1, 1, \(most), 7, 7, 7, 7, 7, 7, NULL, NULL);
                    INSERT INTO tunnelStep VALUES (600, 1, 1200000, 1, 1, 8, 8, 8, 8, 8, 8, 8, NULL, NULL);
                    INSERT INTO tunnelStep VALUES (600, 1, 1800000, 1, 1, 9, 9, 9, 9, 9, 9, 9, NULL, NULL);
                    INSERT INTO popStep VALUES (600, 1, 600000, 1, \(most), 1, 1, 7, 7, 7, 7);
                    INSERT INTO popStep VALUES (600, 1, 1200000, 1, 1, 1, 1, 8, 8, 8, 8)
                    """
            )
        }
        try queue.close()

        let store = try SQLiteStore(path: folder.path("central.db")) { Date(timeIntervalSince1970: 2000) }

        let sample = try #require(try await store.samples.latestSamples()[1])
        #expect((sample.uptime, sample.clockSkew, sample.online, sample.active) == (nil, nil, nil, 5))
        #expect((sample.rxPackets, sample.rxBytes, sample.configured) == (.zero, Tally(7), nil))
        let since = Date(timeIntervalSince1970: 0)
        #expect(
            try await store.samples.steps(of: Fixture.number(1), since: since).map(\.inPackets.value) == [
                0, 1,
            ]
        )
        #expect(try await store.samples.steps(ofPoP: 1, since: since).map(\.inPackets.value) == [8])
    }

    @Test func isLeftOutWhereADatabaseHoldsWhatCannotBe() async throws {
        let test = try await TestStore(Fixture.registry())
        let store = try SQLiteStore(path: test.folder.path("central.db")) {
            Date(timeIntervalSince1970: 2000)
        }
        try await store.sampleFile.write { database in
            for (time, value) in [(600_000, Int64.max), (1_200_000, 8), (1_800_000, Int64.min)] {
                let numbers = Array(repeating: "\(value)", count: 4).joined(separator: ", ")
                try database.execute(
                    sql: """
                        INSERT INTO tunnelStep VALUES (0, \(time / 600_000), 1, 1, 1, 1, \(numbers), 0, 0, 0, NULL, NULL, NULL);
                        INSERT INTO popStep VALUES (600, 1, \(time), 1, 1, 1, 1, \(numbers), NULL, 0, 0, 0);
                        INSERT INTO popStep VALUES (600, 2, \(time), 1, 1, 1, 1, \(numbers), NULL, 0, 0, 0)
                        """
                )
            }
        }

        let since = Date(timeIntervalSince1970: 0)
        #expect(
            try await store.samples.steps(of: Fixture.number(1), since: since).map(\.inBytes.value) == [0, 8]
        )
        #expect(try await store.samples.steps(ofPoP: 1, since: since).map(\.inBytes.value) == [8])
        let traffic = try await store.samples.traffic(since: since)
        #expect((traffic.fromUplink, traffic.toUplink) == (.zero, .zero))
    }
}

@Suite("Numbers that come from elsewhere")
struct ForeignNumberTests {
    @Test func aTimeThatDoesNotFitADatabaseIsTheNearestThatDoes() {
        #expect(Date(timeIntervalSince1970: 1e300).milliseconds == .max)
        #expect(Date(timeIntervalSince1970: -1e300).milliseconds == .min)
        #expect(Date(timeIntervalSince1970: 1.5).milliseconds == 1500)
        #expect(Int64(saturating: .nan) == 0)
    }

    @Test(arguments: [
        "generation 9223372036854775807 sha256 \(String(repeating: "0", count: 64))",
        "generation 2147483648 sha256 \(String(repeating: "0", count: 64))",
        "generation -1 sha256 \(String(repeating: "0", count: 64))",
        "generation 1 sha256 \(String(repeating: "g", count: 64))",
        "generation 1 sha256 \(String(repeating: "\u{1b}", count: 64))",
    ])
    func whatADaemonRunsIsAGenerationThatCanBe(_ text: String) {
        #expect(throws: SyntaxError.self) { try RunningConfiguration(parsing: text) }
    }
}
