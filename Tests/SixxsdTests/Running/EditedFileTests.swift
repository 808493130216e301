import Foundation
import LinuxIO
import Testing
import Wire

@testable import sixxsd

@Suite("A file that people edit") struct EditedFileTests {
    private static let commented = "# mine\n\(Bench.text)"
    private static let change = "tunnel set config 0 T4141 203.0.113.10 up 1400"

    private static func octets(_ path: String) -> String? {
        (try? FileContents(of: path)).map { String(decoding: $0.octets, as: UTF8.self) }
    }

    private static func write(_ text: String, _ bench: Bench) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: bench.file.path))
    }

    // MARK: - At the end

    @Test func staysAsItIsWhenNothingChanged() async throws {
        let bench = try await Bench(Self.commented)
        defer { bench.remove() }

        #expect(try await bench.controller.saveAtEnd() == nil)

        #expect(Self.octets(bench.file.path) == Self.commented, "comments and all")
    }

    @Test func takesWhatCommandsChanged() async throws {
        let bench = try await Bench(Self.commented)
        defer { bench.remove() }
        #expect(try await bench.answers(Self.change) == "200 OK")

        #expect(try await bench.controller.saveAtEnd() == nil)

        #expect(try bench.file.load().configuration.tunnels.first?.mtu == 1400)
    }

    /// Somebody edits it while the daemon runs; with and without a command that changed what runs.
    @Test(arguments: [false, true])
    func keepsWhatWasEditedMeanwhile(_ isChanged: Bool) async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        if isChanged { #expect(try await bench.answers(Self.change) == "200 OK") }
        try Self.write(Self.commented, bench)

        let path = try await bench.controller.saveAtEnd()

        #expect(Self.octets(bench.file.path) == Self.commented)
        #expect(path == (isChanged ? "\(bench.file.path).unsaved" : nil))
        guard let path else { return }
        #expect(Self.octets(path)?.contains("T4141 203.0.113.10 up 1400") == true)
        #expect(try FileContents(of: path).permissions == 0o600)
    }

    @Test(arguments: ["pop saveconfig", "push", "reload"])
    func isKnownAgainAfterItWasWrittenOrRead(_ how: String) async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        switch how {
        case "push":
            #expect(try await bench.push(2, Bench.text.replacing("T4141", with: "T4142")).hasPrefix("200"))
        case "reload":
            try Self.write(Self.commented, bench)
            _ = try await bench.controller.reload()
        default: #expect(try await bench.answers("pop saveconfig").hasPrefix("200"))
        }
        #expect(try await bench.answers("pop set beat-timeout 77") == "200 OK")

        #expect(try await bench.controller.saveAtEnd() == nil)

        #expect(try bench.file.load().configuration.pop.beatTimeout == 77)
    }

    @Test func isWrittenAgainWhenItWasRemoved() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        #expect(try await bench.answers(Self.change) == "200 OK")
        try FileManager.default.removeItem(atPath: bench.file.path)

        #expect(try await bench.controller.saveAtEnd() == nil)

        #expect(try bench.file.load().configuration.tunnels.first?.mtu == 1400)
    }

    @Test func thatIsALinkIsWrittenThrough() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let elsewhere = bench.folder.appending(path: "elsewhere").path
        try FileManager.default.createDirectory(atPath: elsewhere, withIntermediateDirectories: false)
        try FileManager.default.moveItem(atPath: bench.file.path, toPath: "\(elsewhere)/real.conf")
        try FileManager.default.createSymbolicLink(
            atPath: bench.file.path,
            withDestinationPath: "elsewhere/real.conf"
        )

        #expect(try await bench.push(2, Bench.text.replacing("T4141", with: "T4142")).hasPrefix("200"))

        let link = try FileManager.default.destinationOfSymbolicLink(atPath: bench.file.path)
        #expect(link == "elsewhere/real.conf")
        #expect(Self.octets("\(elsewhere)/real.conf")?.contains("T4142") == true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: elsewhere) == ["real.conf"])
    }

    // MARK: - Read again

    private static func many(_ count: Int) -> String {
        Bench.text
            + (0..<count).map {
                "tunnel set config \(String(100 + $0, radix: 16)) T\(100 + $0) 192.0.2.9 up 1280\n"
            }
            .joined()
    }

    // swift-format-ignore
    @Test(arguments: [
        ("nothing",          "",           "425 refused, since there is nothing in the file"),
        ("a comment",        "# gone\n",   "425 refused, since there is nothing in the file"),
        ("half of it",       many(20),     "425 refused, since it removes or disables 20 of 43 tunnels"),
        ("cut in a menu",    "pop\nset\n", "400 "),
        ("two of them less", many(38),     "200 read again: tunnels +0 ~0 -2, subnets +0 ~0 -0"),
    ])
    func isReadAgainByTheRuleOfPushes(_ name: String, _ text: String, _ answer: String) async throws {
        let bench = try await Bench(Self.many(40))
        defer { bench.remove() }
        try Self.write(text, bench)
        let before = await bench.controller.state.digest

        #expect(try await bench.answers("config reload").hasPrefix(answer), "\(name)")

        let isRefused = !answer.hasPrefix("200")
        #expect(await (bench.controller.state.digest == before) == isRefused)
        guard answer.hasPrefix("425") else { return }
        #expect(try await bench.answers("config reload force").hasPrefix("200 read again: tunnels "))
    }

    /// A PoP of few tunnels loses them all to an empty file too: the number of the rule is not reached.
    @Test func thatIsEmptyIsRefusedByASmallPoPToo() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        try Self.write("", bench)

        await #expect(throws: ConfigurationFailure.self) { try await bench.controller.reload() }

        #expect(await bench.controller.state.configuration.tunnels.count == 3)
    }

    @Test func thatIsRefusedLeavesATrialAsItIs() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        #expect(try await bench.push(2, Self.many(3), confirm: 3600).hasPrefix("200"))
        try Self.write("", bench)

        await #expect(throws: ConfigurationFailure.self) { try await bench.controller.reload() }

        #expect(try await bench.answers("config confirm 2").hasPrefix("200"))
    }

    // MARK: - Shown

    @Test func isShownWholeOverTheSocketOnly() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        func shown(_ caller: CommandHandler.Caller) async throws -> String {
            try await bench.answers("config show", as: caller).split(separator: "\n").dropFirst().dropLast()
                .joined(separator: "\n")
        }

        let whole = try Configuration(parsing: try await shown(.unixSocket), file: "shown")
        let (digest, text) = (await bench.controller.state.digest, try await shown(.loopback))

        #expect(whole.digest == digest)
        #expect(!text.contains("f3d47c2de40fb698e1ab15d757a09bfc"))
    }
}
