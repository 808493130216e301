package import Wire

/// A range of values that are well, in the syntax of the monitoring plugins' guidelines.
///
/// `10` is 0 to 10, `10:` is 10 and more, `~:10` is 10 and less, `10:20` is what it says; an `@` before it turns
/// it round.
package struct ThresholdRange: Hashable, Sendable, CustomStringConvertible {
    /// As it was written.
    package let description: String
    private let lower: Double
    private let upper: Double
    private let isInverted: Bool

    /// - Throws: `SyntaxError`.
    package init(parsing text: String) throws(SyntaxError) {
        let isInverted = text.hasPrefix("@")
        let parts = text.dropFirst(isInverted ? 1 : 0).split(separator: ":", omittingEmptySubsequences: false)
        let bounds: (Double?, Double?) =
            switch parts.count {
            case 1: (0, Self.number(parts[0]))
            case 2:
                (
                    parts[0] == "~" ? -.infinity : Self.number(parts[0]),
                    parts[1].isEmpty ? .infinity : Self.number(parts[1])
                )
            default: (nil, nil)
            }
        guard let lower = bounds.0, let upper = bounds.1, lower <= upper else {
            throw SyntaxError(expected: "a range such as 10:, ~:5, 10:20 or @10:20", found: text)
        }
        self.description = text
        self.lower = lower
        self.upper = upper
        self.isInverted = isInverted
    }

    private static func number(_ text: Substring) -> Double? {
        Double(text).flatMap { $0.isFinite ? $0 : nil }
    }

    /// Whether a value is one to raise an alert for.
    package func alerts(_ value: Double) -> Bool {
        (value < self.lower || value > self.upper) != self.isInverted
    }
}
