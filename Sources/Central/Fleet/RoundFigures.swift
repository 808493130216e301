package import Foundation
internal import Synchronization
package import Wire

/// Counts what the rounds of this process did, for those who watch it.
package final class RoundFigures: Sendable {
    /// What was counted so far.
    package struct Counts: Sendable {
        /// How long visits took, in seconds, by how they ended.
        package internal(set) var pushes: [PushOutcome: Histogram] = [:]

        /// How long rounds took, in seconds.
        package internal(set) var rounds = Histogram(bounds: [0.1, 0.5, 1, 5, 10, 30, 60, 300, 600])

        /// When the last one ended in which a PoP answered.
        package internal(set) var lastRound: Date?

        /// Whether this process makes the rounds.
        package internal(set) var isServing = false
    }

    /// In seconds.
    private static let bounds = [0.1, 0.3, 1, 3, 10, 30, 100]

    private let state = Mutex(Counts())

    package init() {}

    package var counts: Counts { self.state.withLock { $0 } }

    func count(_ attempt: PushAttempt) {
        self.state.withLock { counts in
            counts.pushes[attempt.outcome, default: Histogram(bounds: Self.bounds)]
                .record(Double(attempt.duration.milliseconds) / 1000)
        }
    }

    /// Counts a round.
    ///
    /// - Parameters:
    ///   - duration: How long it took.
    ///   - time: When it ended; nil for one in which every visit failed.
    func countRound(_ duration: Duration, endedAt time: Date?) {
        self.state.withLock { counts in
            counts.rounds.record(Double(duration.milliseconds) / 1000)
            counts.lastRound = time ?? counts.lastRound
        }
    }

    /// Notes that this process makes the rounds from now on, or does not.
    func isServing(_ isServing: Bool) { self.state.withLock { $0.isServing = isServing } }
}
