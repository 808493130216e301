/// The fleet-wide number of a tunnel in the central database, written `T5072`; unrelated to its ``TID``.
public struct TunnelNumber: RawRepresentable, Hashable, Sendable {
    /// The number itself, 1 or more.
    public let rawValue: UInt32

    /// Creates a number, or nil for 0.
    public init?(rawValue: UInt32) {
        guard rawValue > 0 else { return nil }
        self.rawValue = rawValue
    }

    /// Parses `T` or `t` and a decimal number without leading zeros.
    ///
    /// - Throws: ``SyntaxError`` when the text is anything else.
    public init(parsing text: some StringProtocol) throws(SyntaxError) {
        let digits = text.dropFirst()
        guard text.first == "T" || text.first == "t", digits.first != "0",
            digits.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let value = UInt32(digits), let number = TunnelNumber(rawValue: value)
        else { throw SyntaxError(expected: "a tunnel number such as T5072", found: String(text)) }
        self = number
    }
}

extension TunnelNumber: Comparable {
    /// Orders by number.
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

extension TunnelNumber: CustomStringConvertible {
    /// `T` and the number.
    public var description: String { "T\(self.rawValue)" }
}
