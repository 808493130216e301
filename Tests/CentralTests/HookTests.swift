import Foundation
import GRDB
import Logging
import Synchronization
import Testing
import Wire

@testable import Central

@Suite("What a program is told of events")
struct HookTests {
    private static let date = Date(timeIntervalSince1970: 1_796_000_000)

    private static func turn(_ tunnel: UInt32, isUp: Bool = false) throws -> FleetEvent {
        FleetEvent(
            time: Self.date,
            popID: 1,
            tunnel: try Fixture.number(tunnel),
            kind: isUp ? .tunnelUp : .tunnelDown,
            detail: ""
        )
    }

    // MARK: - Flapping

    @Test func tellsThreeTurnsAndThenOneSentenceAnHour() throws {
        var filter = FlapFilter()
        let told = try (0..<41).map { turn in
            filter.tells(try Self.turn(12, isUp: turn % 2 == 1), at: .seconds(turn * 60))
        }
        #expect(told == [true, true, true] + Array(repeating: false, count: 38))
        let early = filter.summaries(at: .seconds(3599), Self.date)
        #expect(early.isEmpty)
        let first = filter.summaries(at: .seconds(3600), Self.date)
        #expect(first.map(\.kind) == [.flapping])
        #expect(first.first?.detail == "went up and down, 41 changes in the last hour; the last: tunnel down")

        // The hour behind it is told as a whole too, and then it is calm.
        let within = try filter.tells(Self.turn(12), at: .seconds(4000))
        let second = filter.summaries(at: .seconds(7200), Self.date).map(\.detail)
        let third = filter.summaries(at: .seconds(10_800), Self.date)
        let after = try filter.tells(Self.turn(12), at: .seconds(10_801))
        #expect(!within && after && third.isEmpty)
        #expect(second == ["went up and down, 1 change in the last hour; the last: tunnel down"])
    }

    @Test func keepsThingsApartAndTellsWhatPeopleDoAlways() throws {
        var filter = FlapFilter()
        for turn in 0..<9 { _ = filter.tells(try Self.turn(1), at: .seconds(turn)) }
        let other = try filter.tells(Self.turn(2), at: .seconds(10))
        let held = FleetEvent(time: Self.date, popID: 1, kind: .held, detail: "")
        let holds = (0..<9).map { _ in filter.tells(held, at: .seconds(11)) }
        let lost = FleetEvent(time: Self.date, popID: 1, kind: .unreachable, detail: "")
        let losses = (0..<5).map { filter.tells(lost, at: .seconds(12 + $0)) }
        #expect(other && holds.allSatisfy(\.self))
        #expect(losses == [true, true, true, false, false])
    }

    // MARK: - Telling

    /// What was delivered, and how often it is refused.
    private final class Receiver: Sendable {
        let lines = Mutex<[String]>([])
        let refusals = Mutex(0)

        func take(_ line: String) -> String? {
            self.lines.withLock { $0.append(line) }
            return self.refusals.withLock { count in
                guard count > 0 else { return nil }
                count -= 1
                return "it ended with status 1"
            }
        }

        var kinds: [String] { self.values("kind") }

        func values(_ key: String) -> [String] {
            self.lines.withLock { lines in
                lines.compactMap { line in
                    let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
                    return object.flatMap { $0[key].map { "\($0)" } }
                }
            }
        }
    }

    private static func teller(_ test: TestStore, _ receiver: Receiver) -> EventTeller {
        EventTeller(
            store: test.store.fleet,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            pause: { _ in },
            deliver: { receiver.take($0) }
        )
    }

    @Test func beginsWithWhatIsNewAndGoesOnWhereItStopped() async throws {
        let test = try await TestStore(Fixture.registry())
        let receiver = Receiver()
        var teller = Self.teller(test, receiver)
        try await test.store.rounds.record([try Self.turn(1)])
        try await teller.turn(at: .zero, Self.date)
        #expect(receiver.kinds.isEmpty)

        let lost = FleetEvent(
            time: Self.date,
            popID: 1,
            kind: .unreachable,
            detail: "TCP connection timed out"
        )
        try await test.store.rounds.record([lost])
        try await teller.turn(at: .seconds(1), Self.date)
        try await teller.turn(at: .seconds(2), Self.date)
        #expect(receiver.values("text") == ["chtst01 unreachable: TCP connection timed out"])
        #expect(receiver.values("number") == ["2"])

        // Another service goes on behind it.
        try await test.store.rounds.record([try Self.turn(1, isUp: true)])
        var next = Self.teller(test, receiver)
        try await next.turn(at: .zero, Self.date)
        #expect(receiver.kinds == ["unreachable", "tunnel up"])
        #expect(receiver.values("tunnel").last == "T1")
    }

    @Test func tellsOfNumbersThatAreGivenAgain() async throws {
        let test = try await TestStore(Fixture.registry())
        let receiver = Receiver()
        var teller = Self.teller(test, receiver)
        try await teller.turn(at: .zero, Self.date)
        try await test.store.rounds.record(try (1...3).map { try Self.turn($0) })
        try await teller.turn(at: .seconds(1), Self.date)
        // As when a PoP is removed with its events, which were the newest.
        try await test.store.writing { try $0.execute(sql: "DELETE FROM event WHERE id > 1") }
        try await teller.turn(at: .seconds(2), Self.date)
        try await test.store.rounds.record([try Self.turn(4)])
        try await teller.turn(at: .seconds(3), Self.date)
        #expect(receiver.values("tunnel") == ["T1", "T2", "T3", "T4"])
        #expect(receiver.values("number") == ["1", "2", "3", "2"])
    }

    @Test func tellsNothingAnewWhileItCannotBeWrittenDown() async throws {
        let test = try await TestStore(Fixture.registry())
        let receiver = Receiver()
        var teller = Self.teller(test, receiver)
        try await teller.turn(at: .zero, Self.date)
        try await test.store.rounds.record([try Self.turn(1)])
        let refusal =
            "CREATE TRIGGER full BEFORE INSERT ON setting BEGIN SELECT RAISE(ABORT, 'no space is left'); END"
        try await test.store.writing { try $0.execute(sql: refusal) }
        for second in 1...5 {
            await #expect(throws: (any Error).self) { try await teller.turn(at: .seconds(second), Self.date) }
        }
        #expect(receiver.values("tunnel") == ["T1"])
        try await test.store.writing { try $0.execute(sql: "DROP TRIGGER full") }
        try await teller.turn(at: .seconds(6), Self.date)
        #expect(try await test.store.rounds.told() == 1)
        #expect(receiver.values("tunnel") == ["T1"])
    }

    @Test func manyThatComeTogetherAreOne() async throws {
        let test = try await TestStore(Fixture.registry())
        let receiver = Receiver()
        var teller = Self.teller(test, receiver)
        try await teller.turn(at: .zero, Self.date)
        try await test.store.rounds.record(try (1...970).map { try Self.turn($0) })
        try await teller.turn(at: .seconds(1), Self.date)
        #expect(receiver.kinds == Array(repeating: "tunnel down", count: 29) + ["summary"])
        #expect(receiver.values("detail").last == "941 tunnel down; sixxs-central events lists them")

        // The minute's runs are used up; what comes waits until there are some again.
        try await test.store.rounds.record([try Self.turn(1001)])
        try await teller.turn(at: .seconds(60), Self.date)
        #expect(receiver.kinds.count == 30)
        try await teller.turn(at: .seconds(61), Self.date)
        #expect(receiver.values("tunnel").last == "T1001")
    }

    @Test(arguments: [(refusals: 2, runs: 3), (refusals: 9, runs: 3)])
    func triesThreeTimesAndGoesOn(_ refusals: Int, _ runs: Int) async throws {
        let test = try await TestStore(Fixture.registry())
        let receiver = Receiver()
        var teller = Self.teller(test, receiver)
        try await teller.turn(at: .zero, Self.date)
        receiver.refusals.withLock { $0 = refusals }
        try await test.store.rounds.record([try Self.turn(1)])
        try await teller.turn(at: .seconds(1), Self.date)
        try await teller.turn(at: .seconds(2), Self.date)
        #expect(receiver.kinds == Array(repeating: "tunnel down", count: runs))
    }

    // MARK: - The program

    private static func program(_ folder: TemporaryFolder, _ text: String) throws -> String {
        let path = folder.path("hook")
        try "#!/bin/sh\n\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }

    @Test(arguments: [
        ("cat > \"$(dirname \"$0\")/got\"", 60_000, nil), ("exit 0", 60_000, nil),
        ("exec 0<&-; true", 60_000, nil),
        ("cat; echo no server >&2; exit 3", 60_000, "it ended with status 3: no server"),
        ("kill -9 $$", 60_000, "it was ended by signal 9"),
        ("sleep 100 & sleep 100", 500, "it did not end within 0.5 s"),
        ("trap '' TERM; sleep 100", 500, "it did not end within 0.5 s"),
    ])
    func saysWhatWentWrong(_ script: String, _ limit: Int, _ trouble: String?) async throws {
        let folder = try TemporaryFolder()
        let program = try HookProgram(Self.program(folder, script), limit: .milliseconds(limit))
        #expect(await program.run("{}\n") == trouble)
    }

    @Test func endsWhatAProgramStartedToo() async throws {
        let folder = try TemporaryFolder()
        let script = "(trap '' TERM; exec sleep 100) & echo $! > \"$(dirname \"$0\")/started\"; wait"
        let path = try Self.program(folder, script)
        let trouble = try await HookProgram(path, limit: .milliseconds(500)).run("{}\n")
        #expect(trouble == "it did not end within 0.5 s")
        let started = URL(filePath: path).deletingLastPathComponent().appending(path: "started")
        let written = try String(contentsOf: started, encoding: .utf8)
        let process = try #require(pid_t(written.trimmingCharacters(in: .whitespacesAndNewlines)))

        // Who is killed dies when he runs next; then his entry is left until the system's first process removes it.
        func isRunning() -> Bool {
            let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)
            return status.map { !$0.contains(") Z ") } ?? false
        }
        let end = ContinuousClock.now + .seconds(30)
        while isRunning(), ContinuousClock.now < end { try await Task.sleep(for: .milliseconds(5)) }
        #expect(!isRunning())
    }

    /// A centre with many connections has as many; Foundation's way to start a program reads beyond its memory then.
    @Test func runsWhateverManyDescriptorsThereAre() async throws {
        let folder = try TemporaryFolder()
        let script = "ls /proc/self/fd | wc -w >&2; exit 5"
        let program = try HookProgram(Self.program(folder, script), limit: .seconds(60))
        let held = (0..<3000).map { _ in dup(STDERR_FILENO) }
        defer { for descriptor in held where descriptor >= 0 { close(descriptor) } }

        // Standard input, output and error, and the folder that ls reads.
        #expect(await program.run("{}\n") == "it ended with status 5: 4")
    }

    @Test func boundsWhatAProgramSays() async throws {
        let folder = try TemporaryFolder()
        let program = try HookProgram(Self.program(folder, "yes >&2"), limit: .seconds(60))
        let trouble = await program.run("{}\n")
        #expect(trouble == "it wrote more than 4096 octets to standard error")
    }

    @Test(arguments: ["mail-event", "/nonexistent/hook", "/tmp", "/etc/passwd"])
    func refusesWhatIsNoProgram(_ path: String) {
        #expect(throws: RegistryError.self) { try HookProgram(path) }
    }
}
