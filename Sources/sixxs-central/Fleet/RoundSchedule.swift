internal import Foundation

/// When rounds are due: at multiples of the interval on the clock, so that all centres and graphs agree.
struct RoundSchedule: Hashable, Sendable {
    /// In seconds.
    let interval: Int

    /// The next time a round is due, strictly after the given one.
    func next(after time: Date) -> Date {
        let interval = Double(self.interval)
        return Date(
            timeIntervalSince1970: ((time.timeIntervalSince1970 / interval).rounded(.down) + 1) * interval
        )
    }
}
