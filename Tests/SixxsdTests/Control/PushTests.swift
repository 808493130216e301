import Foundation
import Testing
import Wire

@testable import sixxsd

@Suite("A push") struct PushTests {
    private static let head = "pop tunnelprefix add 2001:db8:2ff::/48\n"

    private static func text(_ count: Int, state: (Int) -> String = { _ in "up" }) -> String {
        Self.head
            + (0..<count)
            .map { "tunnel set config \(String($0, radix: 16)) T\($0 + 1) 192.0.2.1 \(state($0)) 1280\n" }
            .joined()
    }

    @Test func isAppliedSavedAndDigested() async throws {
        let bench = try await Bench()
        defer { bench.remove() }

        let answer = try await bench.push(42, Self.text(2))

        #expect(answer == "200 generation 42 applied: tunnels +0 ~2 -1, subnets +0 ~0 -1")
        #expect(try await bench.answers("config digest").hasPrefix("200 generation 42 sha256 "))
        #expect(try bench.file.load().generation == 42)
        #expect(try await bench.push(42, Self.text(2)) == "200 generation 42 unchanged")
    }

    @Test func withAMistakeChangesNothing() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let before = await bench.controller.state.digest

        let answer = try await bench.push(42, "pop set id 1\npop sett\n")

        #expect(
            answer.hasPrefix("400 push:2:5: ") && answer.hasSuffix("found \"sett\": did you mean \"set\"?")
        )
        #expect(await bench.controller.state.digest == before)
    }

    @Test(arguments: [
        (200, 190, "200 "), (200, 189, "425 refused, since it removes or disables 11 of 200 tunnels"),
        (300, 285, "200 "), (300, 284, "425 "), (12, 2, "200 "), (12, 1, "425 "),
    ])
    func thatTakesManyTunnelsAwayIsRefused(_ before: Int, _ after: Int, _ answer: String) async throws {
        let bench = try await Bench(Self.text(before))
        defer { bench.remove() }

        #expect(try await bench.push(2, Self.text(after)).hasPrefix(answer))
        #expect(try await bench.push(3, Self.text(after), force: true).hasPrefix("200 "))
    }

    @Test func thatDisablesManyTunnelsIsRefused() async throws {
        let bench = try await Bench(Self.text(20))
        defer { bench.remove() }

        let answer = try await bench.push(2, Self.text(20) { $0 < 11 ? "disabled" : "up" })

        #expect(answer.hasPrefix("425 refused, since it removes or disables 11 of 20 tunnels"))
    }

    @Test(arguments: [(10, "200 "), (11, "425 refused, since another tunnelprefix renumbers all 11 tunnels")])
    func thatRenumbersManyTunnelsIsRefused(_ count: Int, _ answer: String) async throws {
        let bench = try await Bench(Self.text(count))
        defer { bench.remove() }
        let other = Self.text(count).replacing("2001:db8:2ff::/48", with: "2001:db8:3ff::/48")

        #expect(try await bench.push(2, other).hasPrefix(answer))
        #expect(try await bench.push(3, other, force: true).hasPrefix("200 "))
    }

    /// A centre that stood still in the middle of a round comes after the one that took its place.
    @Test(arguments: [nil, 3600]) func thatIsOlderThanWhatRunsIsRefused(_ confirm: Int?) async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        #expect(try await bench.push(7, Self.text(3), confirm: confirm).hasPrefix("200 "))

        let answer = try await bench.push(6, Self.text(2), confirm: confirm)

        #expect(
            answer
                == "409 refused, since generation 7 runs, which is newer than 6: say force if that is meant"
        )
        #expect(try await bench.answers("config digest").hasPrefix("200 generation 7 "))
        // What says the same takes nothing back, and of the same number the last word counts.
        #expect(try await bench.push(7, Self.text(2)).hasPrefix("200 generation 7 applied"))
        #expect(try await bench.push(6, Self.text(2)) == "200 generation 6 unchanged")
        #expect(try await bench.push(5, Self.text(1), force: true).hasPrefix("200 generation 5 applied"))
    }

    @Test func diffTellsWhatAPushWouldChange() async throws {
        let bench = try await Bench(Self.text(2) + "tunnel set config 5 T50 ayiya up 1400 secret\n")
        defer { bench.remove() }
        let text =
            Self.text(1)
            + "tunnel set config 5 T50 ayiya up 1400 changed\ntunnel set config 6 T60 192.0.2.9 up 1300\n"

        let said = try await bench.converse(ControlRequest.difference(text: text))

        let expected = [
            "201 4", "-tunnel T2: tid 1, type static, endpoint 192.0.2.1, enabled yes, mtu 1280",
            "~tunnel T50: password changes",
            "+tunnel T60: tid 6, type static, endpoint 192.0.2.9, enabled yes, mtu 1300",
            "tunnels +1 ~1 -1, subnets +0 ~0 -0", "200 OK",
        ]
        #expect(said.split(separator: "\n").dropFirst().map(String.init) == expected)
    }

    @Test func onTrialComesBackAndIsForgotten() async throws {
        let bench = try await Bench(Self.text(3))
        defer { bench.remove() }
        let before = await bench.controller.state.digest

        #expect(try await bench.push(7, Self.text(4), confirm: 5).hasPrefix("200 generation 7 applied"))
        #expect(bench.file.loadTrial()?.stored.generation == 7)
        // As long as it takes on a machine that is busy with all tests at once; the file goes behind what runs.
        for _ in 0..<600 {
            if await bench.controller.state.digest == before, bench.file.loadTrial() == nil { break }
            try await Task.sleep(for: .milliseconds(100))
        }

        #expect(await bench.controller.state.digest == before)
        #expect(bench.file.loadTrial() == nil)
    }

    @Test func onTrialOutlivesTheDaemon() async throws {
        let first = try await Bench(Self.text(3))
        defer { first.remove() }
        let now: Int64 = 2_000_000_000
        let trial = ConfigurationFile.Stored(
            configuration: try Configuration(parsing: Self.text(4), file: "t"),
            generation: 7
        )
        try first.file.saveTrial(.init(stored: trial, deadline: now + 100, limit: 200))

        let inTime = try BootConfiguration(first.file, at: now)
        #expect(inTime.running.generation == 7)
        #expect(inTime.trial?.remaining == .seconds(100))
        #expect(try BootConfiguration(first.file, at: now - 1_000_000).trial?.remaining == .seconds(200))
        let late = try BootConfiguration(first.file, at: now + 100)
        #expect(late.running.generation == 0)
        #expect(late.note == "generation 7 was not confirmed in time")
        #expect(first.file.loadTrial() == nil)
    }
}
