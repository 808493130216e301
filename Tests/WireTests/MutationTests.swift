import Foundation
import TestSupport
import Testing
import Wire

/// Random and mutated octets for every decoder; the fuzzer does the same with more patience.
@Suite("Any octets at all") struct MutationTests {
    /// `WIRE_TEST_SEED` repeats a run with another seed.
    static let seed =
        ProcessInfo.processInfo.environment["WIRE_TEST_SEED"].flatMap { UInt64($0) } ?? 20_261_124

    /// How many inputs a target gets: a million in all, and a tenth of that without the optimiser.
    private static func rounds(for target: FuzzTarget) -> Int {
        let all = target == .configuration ? 100_000 : 82_000
        #if DEBUG
        return all / 10
        #else
        return all
        #endif
    }

    /// In a process of its own, so that a trap fails this test and says which seed did it.
    @Test(arguments: FuzzTarget.allCases)
    func areTakenOrRefusedButNeverTrappedOn(_ target: FuzzTarget) async {
        await #expect(processExitsWith: .success, "\(target.rawValue), seed \(Self.seed)") { [target] in
            var mutator = Mutator(seed: Self.seed, samples: Samples.samples(for: target))
            for round in 0..<Self.rounds(for: target) {
                let input = mutator.next()
                do throws(BrokenInvariant) {
                    try target.check(input)
                } catch {
                    Issue.record("seed \(Self.seed), input \(round) \(input): not so: \(error)")
                    return
                }
            }
        }
    }

    @Test(arguments: FuzzTarget.allCases)
    func ofASampleKeepThePromises(_ target: FuzzTarget) {
        let samples = Samples.samples(for: target)

        #expect(!samples.isEmpty)
        for sample in samples {
            #expect(throws: Never.self, "\(sample)") { try target.check(sample) }
        }
    }
}
