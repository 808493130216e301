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
        guard let number = TunnelNumber(octets: Array(text.utf8)[...]) else {
            throw SyntaxError(expected: "a tunnel number such as T5072", found: String(text))
        }
        self = number
    }

    /// Reads the same from octets, or gives nil.
    init?(octets: ArraySlice<UInt8>) {
        let digits = octets.dropFirst()
        guard octets.first == UInt8(ascii: "T") || octets.first == UInt8(ascii: "t"),
            digits.first != UInt8(ascii: "0"), let value = digits.decimalValue,
            let number = UInt32(exactly: value)
        else { return nil }
        self.init(rawValue: number)
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
