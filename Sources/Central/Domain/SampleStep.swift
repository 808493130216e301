internal import Foundation

/// How finely samples are kept, and for how long.
///
/// A sample is written into its step of each length at once, so that nothing is ever summed up later; what is
/// too old for a length is removed with the next sample of the same thing.
enum SampleStep: Int, CaseIterable, Sendable {
    /// The raw value is the length, in seconds.
    case tenMinutes = 600
    case hour = 3600
    case day = 86400

    /// For how long steps are kept, in seconds.
    var keptFor: TimeInterval {
        switch self {
        case .tenMinutes: 2 * 86400
        case .hour: 6 * 7 * 86400
        case .day: 5 * 366 * 86400
        }
    }

    /// When the step begins that a time lies in.
    func start(of time: Date) -> Date {
        let length = Double(self.rawValue)
        return Date(timeIntervalSince1970: (time.timeIntervalSince1970 / length).rounded(.down) * length)
    }

    /// The finest steps that still reach back to a time.
    init(reachingBack since: Date, from now: Date) {
        let age = now.timeIntervalSince(since)
        self = Self.allCases.first { age <= $0.keptFor } ?? .day
    }
}
