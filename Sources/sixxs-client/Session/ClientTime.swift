/// A moment, by both clocks that the client reads.
struct ClientTime: Hashable, Sendable {
    /// Since some moment before the program began; never jumps.
    var monotonic: Duration

    /// Seconds since 1970, as the host believes.
    var epoch: UInt64

    /// ``epoch`` as Core has it.
    var unixTime: Int64 { Int64(clamping: self.epoch) }

    /// ``monotonic`` in nanoseconds.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = self.monotonic.components
        return UInt64(clamping: seconds) &* 1_000_000_000 &+ UInt64(clamping: attoseconds / 1_000_000_000)
    }
}

/// Dates for people.
enum UTCText {
    private static let secondsPerDay: UInt64 = 86400

    /// Formats a date as `2026-11-24 23:10:54 UTC`.
    static func format(secondsSince1970 seconds: UInt64) -> String {
        let (year, month, day) = Self.date(daysSince1970: Int(seconds / Self.secondsPerDay))
        let rest = seconds % Self.secondsPerDay
        let clock = [rest / 3600, rest / 60 % 60, rest % 60].map { Self.padded(Int($0)) }.joined(
            separator: ":"
        )
        return "\(year)-\(Self.padded(month))-\(Self.padded(day)) \(clock) UTC"
    }

    private static func padded(_ number: Int) -> String {
        number < 10 ? "0\(number)" : "\(number)"
    }

    /// The Gregorian date, by counting from the first of March so that the leap day comes last.
    private static func date(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
        let daysSinceEra = days + 719_468
        let era = daysSinceEra / 146_097
        let dayOfEra = daysSinceEra % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
