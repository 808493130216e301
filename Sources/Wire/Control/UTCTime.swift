/// A second of the Gregorian calendar in UTC, between 1970 and 9999.
public struct UTCTime: Hashable, Sendable {
    /// The last second that can be written.
    private static let latest: Int64 = 253_402_300_799

    /// Seconds since 1970.
    public let seconds: Int64

    /// Creates a time, or nil when it is before 1970 or after 9999.
    public init?(_ seconds: Int64) {
        guard (0...Self.latest).contains(seconds) else { return nil }
        self.seconds = seconds
    }

    /// Reads decimal digits.
    init?(seconds text: String) {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let seconds = Int64(text) else {
            return nil
        }
        self.init(seconds)
    }

    /// Reads `2027-01-31T12:00:00Z`, the letters in either case; nil when it is anything else, or no such day.
    public init?(iso8601 text: String) {
        let octets = Array(text.uppercased().utf8)
        let marks: [Int: Character] = [4: "-", 7: "-", 10: "T", 13: ":", 16: ":", 19: "Z"]
        guard octets.count == 20, marks.allSatisfy({ octets[$0.key] == $0.value.asciiValue }) else {
            return nil
        }
        let ranges = [0..<4, 5..<7, 8..<10, 11..<13, 14..<16, 17..<19]
        let numbers = ranges.compactMap { Self.number(octets[$0]) }
        guard numbers.count == ranges.count, (1...12).contains(numbers[1]),
            (1...Self.days(inMonth: numbers[1], of: numbers[0])).contains(numbers[2]),
            numbers[3] < 24, numbers[4] < 60, numbers[5] < 60
        else { return nil }
        let days = Self.days(before: numbers[0], numbers[1], numbers[2])
        self.init(Int64(days) * 86_400 + Int64(numbers[3] * 3600 + numbers[4] * 60 + numbers[5]))
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private static func isLeap(_ year: Int) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: self.isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// Days since 1 January 1970.
    private static func days(before year: Int, _ month: Int, _ day: Int) -> Int {
        let earlier = year - 1
        // 719,162 days lie between 1 January of the year 1 and 1970.
        let years = earlier * 365 + earlier / 4 - earlier / 100 + earlier / 400 - 719_162
        let months = (1..<month).reduce(0) { $0 + Self.days(inMonth: $1, of: year) }
        return years + months + day - 1
    }
}

extension UTCTime: CustomStringConvertible {
    /// `2027-01-31T12:00:00Z`.
    public var description: String {
        var days = Int(self.seconds / 86_400)
        var year = 1970
        while days >= (Self.isLeap(year) ? 366 : 365) {
            days -= Self.isLeap(year) ? 366 : 365
            year += 1
        }
        var month = 1
        while days >= Self.days(inMonth: month, of: year) {
            days -= Self.days(inMonth: month, of: year)
            month += 1
        }
        let time = Int(self.seconds % 86_400)
        // Lists have tens of thousands: octets are put together in less time than strings.
        var text: [UInt8] = []
        text.reserveCapacity(20)
        text.append(year / 100)
        text.append(year % 100, "-")
        text.append(month, "-")
        text.append(days + 1, "T")
        text.append(time / 3600, ":")
        text.append(time / 60 % 60, ":")
        text.append(time % 60, "Z")
        return String(decoding: text, as: UTF8.self)
    }
}

extension [UInt8] {
    /// Appends a number below 100 in two decimal digits, and what follows it.
    fileprivate mutating func append(_ number: Int, _ mark: Unicode.Scalar? = nil) {
        self.append(UInt8(ascii: "0") + UInt8(number / 10))
        self.append(UInt8(ascii: "0") + UInt8(number % 10))
        if let mark { self.append(UInt8(ascii: mark)) }
    }
}
