import Foundation
import Testing
import Wire

/// Random and mutated octets for every decoder; the fuzzer does the same with more patience.
@Suite("Any octets at all") struct MutationTests {
    /// Inputs in all, spread over the targets.
    #if DEBUG
    static let inputs = 100_000
    #else
    static let inputs = 1_000_000
    #endif

    /// `WIRE_TEST_SEED` repeats a run with another seed.
    static let seed =
        ProcessInfo.processInfo.environment["WIRE_TEST_SEED"].flatMap { UInt64($0) } ?? 20_261_124

    @Test(arguments: FuzzTarget.allCases)
    func areTakenOrRefusedButNeverTrappedOn(_ target: FuzzTarget) {
        let samples = Samples.samples(for: target)
        var mutator = Mutator(seed: Self.seed, samples: samples)
        let rounds = Self.inputs / FuzzTarget.allCases.count
        for round in 0..<rounds {
            let input = round < samples.count ? samples[round] : mutator.next()
            do throws(BrokenInvariant) {
                try target.check(input)
            } catch {
                let octets = input.map { String($0, radix: 16) }.joined(separator: " ")
                Issue.record(
                    "seed \(Self.seed), \(target.rawValue) input \(round): not so: \(error); \(octets)"
                )
                return
            }
        }
    }

    @Test func ofASampleAreTaken() {
        for target in FuzzTarget.allCases {
            #expect(!Samples.samples(for: target).isEmpty, "\(target.rawValue)")
        }
    }
}
