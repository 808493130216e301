package import Foundation

/// When rounds are due: at multiples of the interval on the clock, so that all centres and graphs agree.
package struct RoundSchedule: Hashable, Sendable {
    /// Whole seconds.
    package let interval: Duration

    package init(interval: Duration) {
        self.interval = interval
    }

    private var seconds: Int { Int(self.interval.components.seconds) }

    /// The next time a round is due, strictly after the given one.
    package func next(after time: Date) -> Date {
        let interval = Double(self.seconds)
        return Date(
            timeIntervalSince1970: ((time.timeIntervalSince1970 / interval).rounded(.down) + 1) * interval
        )
    }

    /// Whether a PoP's own interval has a multiple since the round before; the usual one is that of the rounds,
    /// whatever that is.
    func isDue(_ pop: PoP, at slot: Date) -> Bool {
        pop.pollInterval == PoP.usualPollInterval
            || Int(slot.timeIntervalSince1970) % max(1, pop.pollInterval) < self.seconds
    }

    /// How much later than the others a PoP may be visited, so that not all are at the same instant.
    var jitter: Duration { min(.seconds(5), self.interval / 100) }
}
