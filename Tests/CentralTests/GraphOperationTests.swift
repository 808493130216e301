import Foundation
import Graphs
import Testing
import Wire

@testable import Central

@Suite("Graphs of what was reported")
struct GraphOperationTests {
    /// The end of a step of ten minutes, and of an hour and a day.
    private static let now = Date(timeIntervalSince1970: 1_800_057_600)

    /// Two tunnels that are reported every ten minutes: 600,000 octets from the user in each, nine of ten probes answered,
    /// each after 20 ms or, in the last hour, 100 ms.
    private static func centre(hasBuckets: Bool = true) async throws -> Centre {
        let test = try await TestStore(Fixture.registry(), now: { Self.now })
        var state = FakeDaemon.State()
        state.text = try TestPush.generation(tunnels: 2).text
        var (roundTrips, microseconds) = (RoundTrips(), 0.0)
        for index in 0..<13 {
            state.inBytes = index * 600_000
            var report = try FakeDaemon.received(state)
            let milliseconds: UInt64 = index > 6 ? 100 : 20
            for _ in 0..<9 { roundTrips.count(microseconds: milliseconds * 1000) }
            microseconds += Double(9 * milliseconds * 1000)
            for tunnel in report.tunnels.indices {
                report.tunnels[tunnel].latency.sent = Tally(clamping: 10 * (index + 1))
                report.tunnels[tunnel].latency.received = Tally(clamping: 9 * (index + 1))
                report.tunnels[tunnel].latency.avgMs = microseconds / Double(9 * (index + 1)) / 1000
                report.tunnels[tunnel].latency.roundTrips = hasBuckets ? roundTrips : nil
            }
            let time = Self.now.addingTimeInterval(Double(index - 13) * 600)
            _ = try await test.store.samples.record(report, of: 1, at: time)
        }
        return Centre(test)
    }

    private static func svg(
        _ kind: DrawGraph.Kind,
        _ subject: Subject?,
        _ period: GraphPeriod = .day,
        hasBuckets: Bool = true
    ) async throws -> String {
        try await DrawGraph(kind, of: subject, period).run(
            in: Self.centre(hasBuckets: hasBuckets),
            now: Self.now
        )
    }

    @Test func haveTheQuantilesOfRoundTrips() async throws {
        let svg = try await Self.svg(.latency, .tunnel(Fixture.number(1)))

        // 20 ms lies between 16 and 32, 100 ms between 64 and 128.
        #expect(svg.contains("Of 130 probes 13 were lost (10 %)."))
        #expect(svg.contains("The highest median was 96 ms, at "))
        #expect(svg.contains(">under 15 %</text>") && !svg.contains(">all lost</text>"))
    }

    @Test func haveTheMeansOfDaemonsThatTellNoMore() async throws {
        let svg = try await Self.svg(.latency, .tunnel(Fixture.number(1)), hasBuckets: false)

        #expect(svg.contains("The highest median was 100 ms, at "))
    }

    @Test(arguments: [(true, 2.0), (false, 1)])
    func addUpTheTunnelsOfAPoP(_ isPoP: Bool, _ tunnels: Double) async throws {
        let subject: Subject = isPoP ? .pop(try Fixture.name()) : .tunnel(try Fixture.number(1))

        let latency = try await Self.svg(.latency, subject)

        #expect(latency.contains("Of \(Int(130 * tunnels)) probes \(Int(13 * tunnels)) were lost (10 %)."))
        #expect(latency.contains("The highest median was 96 ms, at "))
    }

    @Test func areInBitsASecond() async throws {
        let svg = try await Self.svg(.traffic, .tunnel(Fixture.number(1)))

        #expect(svg.contains("From users: now 8 kbit/s, mean "))
        #expect(svg.contains("maximum 8 kbit/s at "))
    }

    @Test func areOfAllPoPsTogether() async throws {
        let pop = try await Self.svg(.latency, .pop(Fixture.name()))
        let fleet = try await Self.svg(.latency, nil)

        #expect(fleet.replacingOccurrences(of: "the fleet", with: "chtst01") == pop)
    }

    @Test(arguments: GraphPeriod.allCases)
    func goBackAsFarAsTheyAreAsked(_ period: GraphPeriod) async throws {
        let svg = try await Self.svg(.traffic, .tunnel(Fixture.number(1)), period)

        #expect(svg.contains("last \(period.rawValue)</title>"))
        #expect(svg.contains("Nothing was measured") && svg.contains("</svg>"))
    }

    /// Steps of a day that is not over are left out, whatever the hour; the step of ten minutes that runs is drawn.
    @Test(arguments: [
        (GraphPeriod.year, "2026-01-16 00:00 to 2027-01-16 00:00"),
        (.day, "2027-01-15 23:50 to 2027-01-16 23:50"),
    ])
    func endWhereAStepDoes(_ period: GraphPeriod, _ span: String) async throws {
        let late = Self.now.addingTimeInterval(86_399 - 600)

        let svg = try await DrawGraph(.traffic, of: nil, period).run(in: Self.centre(), now: late)

        #expect(svg.contains("from \(span) UTC"), "\(svg.prefix(500))")
    }

    @Test func areOfWhatIsThere() async throws {
        await #expect(throws: RegistryError.self) {
            try await Self.svg(.traffic, .tunnel(Fixture.number(99)))
        }
        await #expect(throws: RegistryError.self) {
            try await Self.svg(.traffic, .pop(PoPName(parsing: "nowhr01")))
        }
    }

    // MARK: - Pictures

    /// A folder with a program of that name, which does something else.
    private static func converter(
        _ script: String,
        deadline: Duration = .seconds(10)
    ) throws -> (ImageConverter, TemporaryFolder) {
        let folder = try TemporaryFolder()
        let path = folder.path("rsvg-convert")
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        let folders = URL(fileURLWithPath: path).deletingLastPathComponent().path
        return (try ImageConverter(path: folders, deadline: deadline), folder)
    }

    @Test func becomePicturesWhereTheProgramIs() async throws {
        let (converter, folder) = try Self.converter("printf '\\211PNG'; cat")
        defer { withExtendedLifetime(folder) {} }

        #expect(try await converter.png(of: "<svg/>").dropFirst(4) == Array("<svg/>".utf8)[...])
    }

    @Test(arguments: [
        ("cat", "made no PNG"), ("printf '\\211PNG'; exit 3", "exit status 3"),
        ("sleep 60", "was not done after 0 s"),
    ])
    func sayWhenThereIsNoPicture(_ script: String, _ words: String) async throws {
        let (converter, folder) = try Self.converter(
            script,
            deadline: .milliseconds(script == "sleep 60" ? 100 : 10_000)
        )
        defer { withExtendedLifetime(folder) {} }

        let error = await #expect(throws: RegistryError.self) { try await converter.png(of: "<svg/>") }
        #expect(error.map { "\($0)" }?.contains(words) == true, "\(String(describing: error))")
    }

    @Test func sayWhichProgramIsMissing() {
        let error = #expect(throws: RegistryError.self) { try ImageConverter(path: "/nowhere:") }
        #expect(error.map { "\($0)" }?.contains("install librsvg2-bin") == true)
    }
}
