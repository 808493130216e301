import Foundation
import Testing
import Wire

@testable import sixxsd

/// Texts that were damaged on the way, given to everything between the control port and the engine.
@Suite("A mutated configuration") struct MutatedConfigurationTests {
    /// Octets that matter to the grammar.
    private static let marks = Array(" \n\t:./#T0129afx".utf8)

    private static let samples = [
        Bench.text,
        """
        pop
        \tset
        \t\tdetails 1 chtst01 192.0.2.42 2001:db8::42
        \t\tid 1
        \tend
        \ttunnelprefix add 2001:db8:2ff::/48
        \tcliacl
        \t\tadd 10.0.0.0/8
        \tend
        end
        tunnel set config 1 T5072 ayiya up 1428 new old until 1801396800
        tunnel set config 2 T7 heartbeat disabled 1280 x

        """,
    ].map { Array($0.utf8) }

    private static var rounds: Int {
        ProcessInfo.processInfo.environment["SIXXS_LONG"] == nil ? 2000 : 100_000
    }

    /// SplitMix64.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            self.state &+= 0x9e37_79b9_7f4a_7c15
            var value = self.state
            value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
            return value ^ value >> 31
        }
    }

    private static func mutated(_ generator: inout Generator) -> [UInt8] {
        var text = Self.samples.randomElement(using: &generator) ?? []
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !text.isEmpty {
            let place = Int.random(in: 0..<text.count, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0: text[place] = Self.marks.randomElement(using: &generator) ?? 0
            case 1: text[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 2: text.remove(at: place)
            case 3: text.insert(Self.marks.randomElement(using: &generator) ?? 0, at: place)
            default:
                let end = min(text.count, place + Int.random(in: 1..<60, using: &generator))
                text.insert(contentsOf: text[place..<end], at: place)
            }
        }
        return text
    }

    @Test func isRefusedWholeOrAppliedWhole() async throws {
        let memory = URL(fileURLWithPath: "/dev/shm/sixxsd-\(UUID())")
        let bench = try await Bench(in: memory)
        defer { bench.remove() }
        var generator = Generator(state: 20_261_124)
        var applied = 0

        for generation in 1...Self.rounds {
            let text = Self.mutated(&generator)
            let before = await bench.controller.state.digest
            let request = "\(generation) \(text.count) \(Configuration.sha256(of: text)) force"
            var words = Words(request)
            let reply = await bench.handler.take(try TextRequest(push: &words), text)
            let after = await bench.controller.state
            let parsed = try? Configuration(parsing: text, file: "again")
            if reply.isSuccess {
                applied += 1
                #expect(parsed?.digest == after.digest)
                #expect(after.configuration.digest == after.digest)
            } else {
                #expect(parsed == nil)
                #expect(after.digest == before)
                #expect(reply.code == 400 && reply.text.hasPrefix("push:"), "\(reply.text)")
            }
        }

        #expect(applied > Self.rounds / 50 && applied < Self.rounds)
        #expect(try await bench.file.load().configuration.digest == bench.controller.state.digest)
    }
}
