import Foundation
import Testing
import Wire

@testable import sixxsd

@Suite("A patch") struct PatchTests {
    private static let moved = "tunnel set config 0 T4141 203.0.113.99 up 1480\n"
    private static let zeros = String(repeating: "0", count: 64)

    /// What runs, and what runs once T4141 has moved.
    private static func configurations() throws -> (old: Configuration, new: Configuration) {
        let text = Bench.text.replacing("203.0.113.10", with: "203.0.113.99")
        return (
            try Configuration(parsing: Bench.text, file: "old"), try Configuration(parsing: text, file: "new")
        )
    }

    private static func line(
        _ text: String,
        _ digest: String? = nil,
        from old: String,
        to new: String,
        length: Int? = nil,
        _ more: String = ""
    ) -> [UInt8] {
        let digest = digest ?? Configuration.sha256(of: text.utf8)
        return Array(
            "config patch \(length ?? text.utf8.count) \(digest) from \(old) to \(new)\(more)\n\(text)".utf8
        )
    }

    private static func answer(_ bench: Bench, _ octets: [UInt8]) async throws -> String {
        try await bench.converse(octets).split(separator: "\n").last.map(String.init) ?? ""
    }

    @Test func movesATunnelUnderTheSameGenerationAndIsSaved() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let (old, new) = try Self.configurations()
        let patch = try #require(ConfigurationPatch(from: old, to: new))
        let request = ControlRequest.patch(patch, from: old.digest, to: new.digest)

        #expect(
            try await Self.answer(bench, request)
                == "200 patch applied: tunnels +0 ~1 -0, subnets +0 ~0 -0"
        )

        let digest = try await bench.answers("config digest\ntunnel get outer_endpoint T4141")
        #expect(digest.hasPrefix("200 generation 0 sha256 \(new.digest) applied "))
        #expect(digest.hasSuffix("\n200 203.0.113.99"))
        #expect(try bench.file.load().configuration == new)
        // The reply was lost, and the same is asked for again.
        #expect(try await Self.answer(bench, request) == "200 patch unchanged")
        // The next whole text agrees with it.
        #expect(try await bench.push(1, new.canonicalText).hasPrefix("200 generation 1 "))
        #expect(try await bench.answers("config digest").hasPrefix("200 generation 1 sha256 \(new.digest)"))
    }

    /// A command that is answered while the disk hangs is not taken back by a patch that was made before it.
    @Test func leavesWhatACommandChangedMeanwhile() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let (old, new) = try Self.configurations()
        let patch = try #require(ConfigurationPatch(from: old, to: new))
        let (begin, end) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        _ = bench.disk.submit(unlessWaiting: 10) {
            begin.signal()
            end.wait()
        }
        await Self.wait(for: begin)
        let asked = Task {
            try await Self.answer(bench, ControlRequest.patch(patch, from: old.digest, to: new.digest))
        }
        while bench.disk.waiting < 1 { await Task.yield() }

        #expect(try await bench.answers("tunnel set config 0 T4141 203.0.113.10 up 1400") == "200 OK")
        end.signal()

        #expect(try await asked.value.hasPrefix("409 "))
        #expect(try await bench.answers("tunnel show T4141").contains("1400"))
        #expect(try bench.file.load().configuration == old)
    }

    private static func wait(for semaphore: DispatchSemaphore) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                semaphore.wait()
                continuation.resume()
            }
        }
    }

    @Test func isRefusedWhereAnotherConfigurationRunsOrComesOfIt() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let (old, new) = try Self.configurations()

        let otherBase = Self.line(Self.moved, from: Self.zeros, to: new.digest)
        #expect(
            try await Self.answer(bench, otherBase)
                == "409 refused, since it was made for another configuration: sha256 \(old.digest) runs; push the whole text"
        )
        let otherResult = Self.line(Self.moved, from: old.digest, to: Self.zeros)
        #expect(
            try await Self.answer(bench, otherResult)
                == "409 refused, since it leads to sha256 \(new.digest): push the whole text"
        )
        let otherText = Self.line(Self.moved, Self.zeros, from: old.digest, to: new.digest)
        #expect(try await Self.answer(bench, otherText).hasPrefix("400 expected a text with SHA-256 000"))
        let conflict = Self.line(
            "subnet set config 2001:db8:3002::/48 9 static\n",
            from: old.digest,
            to: new.digest
        )
        #expect(
            try await Self.answer(bench, conflict) == "400 expected a tunnel that is configured, found tid 9"
        )
        let nonsense = Self.line("pop set id 2\n", from: old.digest, to: new.digest)
        #expect(
            try await Self.answer(bench, nonsense)
                == "400 patch:1:1: expected tunnel or subnet, found \"pop\""
        )

        #expect(try await bench.answers("config digest").contains(old.digest))
        #expect(try bench.file.load().configuration == old)
    }

    @Test func thatIsCutOrTooLongChangesNothing() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let (old, new) = try Self.configurations()

        let half = Self.line(Self.moved, from: old.digest, to: new.digest).dropLast(10)
        #expect(try await !Self.answer(bench, Array(half)).contains("patch"))
        let long = Self.line(Self.moved, from: old.digest, to: new.digest, length: 999_999_999)
        #expect(try await Self.answer(bench, long).hasPrefix("400 column 14: expected a length in octets"))
        let negative = Self.line(Self.moved, from: old.digest, to: new.digest, length: -1)
        #expect(
            try await Self.answer(bench, negative).hasPrefix("400 column 14: expected a length in octets")
        )

        #expect(try await bench.answers("config digest").contains(old.digest))
    }

    @Test func waitsForATrialToEnd() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        let (old, new) = try Self.configurations()
        let trial = Bench.text.replacing("up 1428", with: "up 1400")
        #expect(try await bench.push(5, trial, confirm: 60).hasPrefix("200 generation 5 applied"))

        let request = Self.line(Self.moved, from: old.digest, to: new.digest)
        #expect(
            try await Self.answer(bench, request)
                == "425 refused, since generation 5 is on trial: try again when it is confirmed or rolled back"
        )

        _ = try await bench.answers("config rollback")
        #expect(try await Self.answer(bench, request).hasPrefix("200 patch applied"))
    }

    @Test func thatTakesManyTunnelsAwayMustBeMeant() async throws {
        let many = (2..<40).map { "tunnel set config \(String($0, radix: 16)) T\($0) ayiya up 1400 x\n" }
        let bench = try await Bench(Bench.text + many.joined())
        defer { bench.remove() }
        let (old, new) = (
            try Configuration(parsing: Bench.text + many.joined(), file: "old"),
            try Configuration(parsing: Bench.text, file: "new")
        )
        let text = try #require(ConfigurationPatch(from: old, to: new)).text

        let refused = try await Self.answer(bench, Self.line(text, from: old.digest, to: new.digest))
        #expect(refused.hasPrefix("425 refused, since it removes or disables 38 of 41 tunnels"))
        let forced = Self.line(text, from: old.digest, to: new.digest, " force")
        #expect(
            try await Self.answer(bench, forced) == "200 patch applied: tunnels +0 ~0 -38, subnets +0 ~0 -0"
        )
    }
}
