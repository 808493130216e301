/// How far back a graph goes.
package enum GraphPeriod: String, CaseIterable, Sendable {
    case day
    case week
    case month
    case year

    /// How many seconds it shows.
    package var length: Int64 {
        switch self {
        case .day: 86400
        case .week: 7 * 86400
        case .month: 30 * 86400
        case .year: 365 * 86400
        }
    }

    /// How many seconds a point is of.
    package var step: Int64 {
        switch self {
        case .day: 600
        case .week, .month: 3600
        case .year: 86400
        }
    }

    /// The times along the axis, with what is written there.
    func ticks(in span: Range<Int64>) -> [(time: Int64, label: String)] {
        let candidates = stride(from: (span.lowerBound / 3600 + 1) * 3600, to: span.upperBound, by: 3600)
        return candidates.compactMap { time in
            let moment = UTCTime(time)
            switch self {
            case .day where moment.hour % 3 == 0: return (time, moment.clock)
            case .week where moment.hour == 0: return (time, moment.date)
            case .month where moment.hour == 0 && UTCTime.modulo(time / 86400, 4) == 0:
                return (time, moment.date)
            case .year where moment.hour == 0 && moment.day == 1: return (time, moment.monthName)
            default: return nil
            }
        }
    }
}
