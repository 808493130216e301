/// A time of day in UTC, from seconds since 1970.
struct UTCTime: Hashable, Sendable {
    let year: Int64
    let month: Int
    let day: Int
    let hour: Int
    let minute: Int

    /// Days are counted from 1 March of the year 0, so that a leap day is the last of its year.
    init(_ seconds: Int64) {
        let bounded = min(max(seconds, -62_000_000_000), 250_000_000_000)
        let days = (bounded - Self.modulo(bounded, 86400)) / 86400
        let rest = Self.modulo(bounded, 86400)
        let shifted = days + 719_468
        let era = (shifted - Self.modulo(shifted, 146_097)) / 146_097
        let dayOfEra = Self.modulo(shifted, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        self.month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        self.year = yearOfEra + era * 400 + (self.month <= 2 ? 1 : 0)
        self.day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        self.hour = Int(rest / 3600)
        self.minute = Int(rest % 3600 / 60)
    }

    static func modulo(_ value: Int64, _ divisor: Int64) -> Int64 {
        let rest = value % divisor
        return rest < 0 ? rest + divisor : rest
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func twoDigits(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    var clock: String { "\(Self.twoDigits(self.hour)):\(Self.twoDigits(self.minute))" }
    var monthName: String { Self.months[self.month - 1] }
    var date: String { "\(self.day) \(self.monthName)" }

    /// `2026-11-30 15:50`.
    var text: String {
        "\(self.year)-\(Self.twoDigits(self.month))-\(Self.twoDigits(self.day)) \(self.clock)"
    }
}
