import Foundation
import TestSupport
import Testing
import Wire

/// Random packets at random times against random configurations; the fuzzer does the same with more patience.
@Suite("An engine under any script") struct EngineScriptTests {
    /// `CORE_TEST_SEED` repeats a run with another seed.
    private static let seed =
        ProcessInfo.processInfo.environment["CORE_TEST_SEED"].flatMap { UInt64($0) } ?? 20_261_125

    private static var scripts: Int {
        #if DEBUG
        return 60
        #else
        return 2000
        #endif
    }

    @Test func keepsCountAndSendsSoundPackets() throws {
        var generator = SeededGenerator(seed: Self.seed)
        for number in 0..<Self.scripts {
            let script = generator.octets(.random(in: 0...4000, using: &generator))

            #expect(throws: Never.self, "seed \(Self.seed), script \(number)") {
                try EngineScript.play(script)
            }
        }
    }

    @Test func survivesAnEmptyScript() throws {
        try EngineScript.play([])
    }
}
