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

extension SampleStep {
    /// Which steps of a length there are in a time, by number since 1970.
    struct Range: Hashable, Sendable {
        let step: SampleStep
        let numbers: ClosedRange<Int64>
    }

    /// Which step since 1970 a time lies in, the first or last there is for a time beyond.
    func number(of time: Date) -> Int64 {
        Int64(saturating: (time.timeIntervalSince1970 / Double(self.rawValue)).rounded(.down))
    }

    /// When a step begins.
    func time(of number: Int64) -> Date {
        Date(timeIntervalSince1970: Double(number) * Double(self.rawValue))
    }

    /// The fewest steps that cover the time from one to another: fine ones where it begins, coarse ones after.
    ///
    /// Since each sample is in a step of each length, a day's step is its hours'. The first hour and more is fine, so that what grew
    /// over a gap there is divided at the minute.
    static func covering(_ since: Date, until now: Date) -> [Range] {
        let finest = SampleStep(reachingBack: since, from: now)
        var begin = finest.number(of: since)
        var ranges: [Range] = []
        for (step, next) in zip(Self.allCases, Self.allCases.dropFirst())
        where step.rawValue >= finest.rawValue {
            // Where a coarse step begins, one of them at least later.
            let ratio = Int64(next.rawValue / step.rawValue)
            let (end, overflows) = begin.addingReportingOverflow(2 * ratio - 1)
            let coarse = overflows ? Int64.max / ratio : end / ratio
            let last = min(coarse * ratio - 1, step.number(of: now))
            if begin <= last { ranges.append(Range(step: step, numbers: begin...last)) }
            begin = coarse
        }
        let last = SampleStep.day.number(of: now)
        if begin <= last { ranges.append(Range(step: .day, numbers: begin...last)) }
        return ranges
    }
}
