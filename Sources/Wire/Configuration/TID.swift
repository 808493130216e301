/// The number of a tunnel at its PoP, which stands in bits 48 to 63 of the tunnel's addresses.
public struct TID: RawRepresentable, Hashable, Sendable {
    /// How many tunnels a PoP can have.
    public static let capacity = 0x2000

    /// The number itself, `0x0000` through `0x1fff`.
    public let rawValue: UInt16

    /// Creates an identifier, or nil when the number is out of range.
    @inlinable
    public init?(rawValue: UInt16) {
        guard rawValue < UInt16(Self.capacity) else { return nil }
        self.rawValue = rawValue
    }

    /// Parses one to four hexadecimal digits of either case.
    ///
    /// - Throws: ``SyntaxError`` when the text is anything else or the number is over `1fff`.
    public init(parsing text: some StringProtocol) throws(SyntaxError) {
        guard let tid = TID(octets: Array(text.utf8)[...]) else {
            throw SyntaxError(expected: "a tid, hexadecimal, 0 to 1fff", found: String(text))
        }
        self = tid
    }

    /// Reads the same from octets, or gives nil.
    init?(octets: ArraySlice<UInt8>) {
        guard let number = octets.hexadecimalValue else { return nil }
        self.init(rawValue: number)
    }
}

extension TID: Comparable {
    /// Orders by number.
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

extension TID: CustomStringConvertible {
    /// The number in lower-case hexadecimal, without leading zeros.
    public var description: String { String(self.rawValue, radix: 16) }
}
