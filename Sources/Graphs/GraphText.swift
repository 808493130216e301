/// Text and numbers as they stand in a graph.
enum GraphText {
    /// A text in an element or a quoted attribute; what XML cannot hold becomes U+FFFD.
    static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            // Control characters, what turns the direction of text, and what is no character.
            case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{200e}"..."\u{200f}", "\u{202a}"..."\u{202e}",
                "\u{2066}"..."\u{2069}", "\u{fffe}"..."\u{ffff}":
                escaped += "\u{fffd}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A number with as many decimals at most, without those at its end that are 0.
    static func number(_ value: Double, decimals: Int = 1) -> String {
        guard !value.isNaN else { return "0" }
        let factor = (0..<decimals).reduce(1.0) { product, _ in product * 10 }
        let scaled = (min(max(value, -1e12), 1e12) * factor).rounded()
        let whole = Int64(scaled)
        let (before, after) = whole.magnitude.quotientAndRemainder(dividingBy: UInt64(factor))
        var text = "\(before)"
        if after > 0 {
            var digits = "\(after)"
            digits = String(repeating: "0", count: decimals - digits.count) + digits
            while digits.hasSuffix("0") { digits.removeLast() }
            text += ".\(digits)"
        }
        return whole < 0 ? "-\(text)" : text
    }

    /// A number with three digits that mean something, such as `1.53` or `480`.
    static func rounded(_ value: Double) -> String {
        let size = abs(value)
        return Self.number(value, decimals: size < 10 ? 2 : size < 100 ? 1 : 0)
    }

    static func milliseconds(_ value: Double) -> String { "\(Self.rounded(value)) ms" }

    static func bitRate(_ bits: Double) -> String {
        let units = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"]
        var (value, unit) = (bits, 0)
        while value >= 999.5, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
        return "\(unit == 0 ? Self.number(value, decimals: 0) : Self.rounded(value)) \(units[unit])"
    }

    /// A number of seconds in words.
    static func duration(_ seconds: Int64) -> String {
        let units: [(Int64, String)] = [(86400, "day"), (3600, "hour"), (60, "minute")]
        guard let (length, name) = units.first(where: { seconds >= 2 * $0.0 }) else {
            return seconds == 1 ? "1 second" : "\(seconds) seconds"
        }
        return "\((seconds + length / 2) / length) \(name)s"
    }
}
