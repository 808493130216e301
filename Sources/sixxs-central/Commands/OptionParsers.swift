internal import Central
internal import Foundation
internal import Wire

/// Parsers of what only a command line has; what they throw says what was expected.
enum OptionParsers {
    static func wave(_ text: String) throws -> Wave {
        guard let wave = Wave(rawValue: text) else {
            throw SyntaxError(expected: "canary, share or all", found: text)
        }
        return wave
    }

    static func range(_ text: String) throws -> ThresholdRange { try ThresholdRange(parsing: text) }

    /// A time of the past: `90m`, `2h`, `3d`, `1w` ago, `2026-11-24` or `2026-11-24T22:56:28Z`.
    static func since(_ text: String) throws -> Date { try Self.since(text, now: Date()) }

    static func since(_ text: String, now: Date) throws -> Date {
        let time = try Self.time(text, now: now)
        // A minute, since clocks differ.
        guard time <= now.addingTimeInterval(60) else {
            throw SyntaxError(expected: "a time of the past: it is \(now.iso8601) now", found: text)
        }
        return time
    }

    /// A time, or how long ago.
    private static func time(_ text: String, now: Date) throws -> Date {
        let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400]
        if let unit = text.last.flatMap({ units[$0] }), let number = Int(text.dropLast()), number >= 0 {
            let time = now.addingTimeInterval(-Double(number) * unit)
            guard time.timeIntervalSince1970 >= 0 else {
                throw SyntaxError(expected: "a time since 1970", found: text)
            }
            return time
        }
        let second = text.utf8.count == 10 ? text + "T00:00:00Z" : text
        guard let time = UTCTime(iso8601: second) else {
            throw SyntaxError(
                expected: "a time such as 2h, 3d, 2026-11-24 or 2026-11-24T22:56:28Z",
                found: text
            )
        }
        return Date(timeIntervalSince1970: TimeInterval(time.seconds))
    }

    /// A time to come: `90m`, `2h`, `3d`, `1w` from now, `2026-12-03` or `2026-12-03T06:00:00Z`.
    static func until(_ text: String) throws -> Date { try Self.until(text, now: Date()) }

    static func until(_ text: String, now: Date) throws -> Date {
        guard let past = try? Self.time(text, now: now) else {
            throw SyntaxError(
                expected: "a time such as 2h, 3d, 2026-12-03 or 2026-12-03T06:00:00Z",
                found: text
            )
        }
        // What is written as an age is as far ahead as it would be back.
        let isSpan = text.last.map { "smhdw".contains($0) } ?? false
        return isSpan ? now.addingTimeInterval(now.timeIntervalSince(past)) : past
    }

    /// Why something is done, for those who read it later.
    static func reason(_ text: String) throws -> String {
        guard !text.allSatisfy(\.isWhitespace) else {
            throw SyntaxError(expected: "a reason", found: "nothing")
        }
        return try FreeText.line(text)
    }

    /// How long an old password stays good: `30m`, `24h`, `7d`, in seconds.
    static func keepOld(_ text: String) throws -> TimeInterval {
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let number = Int(text.dropLast()),
            case let (seconds, overflows) = number.multipliedReportingOverflow(by: unit), !overflows,
            OldPassword.spans.contains(seconds)
        else { throw SyntaxError(expected: "a time such as 30m, 24h or 7d, up to 90d", found: text) }
        return TimeInterval(seconds)
    }

    static func last(_ text: String) throws -> Int { try Parsers.number(text, in: 1...1_000_000, "a number") }

    /// A span of time, up to ten years.
    static func seconds(_ text: String) throws -> Int {
        try Parsers.number(text, in: 0...315_360_000, "a number of seconds")
    }

    static func tunnelCount(_ text: String) throws -> Int {
        try Parsers.number(text, in: 0...1_000_000, "a number of tunnels")
    }

    static func generation(_ text: String) throws -> Int {
        try Parsers.number(text, in: 1...Int(Int32.max), "a generation")
    }

    static func line(_ text: String) throws -> String { try FreeText.line(text) }

    /// A host's name, or empty for none.
    static func sshHost(_ text: String) throws -> String { text.isEmpty ? text : try FreeText.host(text) }
    static func word(_ text: String) throws -> String { try FreeText.word(text) }

    /// A path that means the same from every folder.
    static func path(_ text: String) throws -> String {
        URL(fileURLWithPath: try FreeText.path(text)).standardizedFileURL.path
    }
}
