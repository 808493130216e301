import Foundation

/// How long and from which seed the random tests run.
enum RandomRun {
    private static let environment = ProcessInfo.processInfo.environment

    /// Whether `SIXXS_LONG=1` asks for the long run.
    static let isLong = environment["SIXXS_LONG"] == "1"

    /// `SIXXS_SEED` repeats a run with another seed.
    static let seed = environment["SIXXS_SEED"].flatMap { UInt64($0) } ?? 20_261_124

    /// The parts of a run, which go in parallel, and the seed of each.
    static let parts = (0..<4).map { seed &+ UInt64($0) }

    /// Rounds in one part.
    static func rounds(usually: Int, long: Int = 1_000_000) -> Int {
        (Self.isLong ? long : usually) / Self.parts.count
    }
}
