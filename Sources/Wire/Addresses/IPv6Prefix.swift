/// An IPv6 address block: an address whose bits beyond the prefix length are zero.
public struct IPv6Prefix: Hashable, Sendable, Comparable {
    /// The lowest address of the block.
    public let address: IPv6Address

    /// How many leading bits all addresses of the block share, 0 through 128.
    public let length: Int

    /// Creates a prefix, or nil when the length is out of range or bits beyond it are set.
    public init?(_ address: IPv6Address, length: Int) {
        guard (0...128).contains(length), Self.mask(address, to: length) == address else { return nil }
        self.address = address
        self.length = length
    }

    /// Creates the prefix of a given length that an address lies in; lengths are clamped to 0...128.
    public init(containing address: IPv6Address, length: Int) {
        let length = min(max(length, 0), 128)
        self.address = Self.mask(address, to: length)
        self.length = length
    }

    /// Parses `address/length`; a bare address is a /128.
    ///
    /// - Throws: ``SyntaxError`` when either half is wrong or bits beyond the length are set.
    public init(parsing text: some StringProtocol) throws(SyntaxError) {
        let octets = Array(text.utf8)[...]
        let slash = octets.firstIndex(of: UInt8(ascii: "/"))
        let length = slash.map { Self.length(octets[($0 + 1)...]) } ?? 128
        guard let address = IPv6Address(octets: octets[..<(slash ?? octets.endIndex)]), let length else {
            throw SyntaxError(expected: "an IPv6 prefix such as 2001:db8::/48", found: String(text))
        }
        guard let prefix = IPv6Prefix(address, length: length) else {
            let meant = IPv6Prefix(containing: address, length: length)
            throw SyntaxError(
                expected: "a prefix without bits beyond its length, \(meant)",
                found: String(text)
            )
        }
        self = prefix
    }

    private static func length(_ digits: ArraySlice<UInt8>) -> Int? {
        guard digits.count <= 3, let length = digits.decimalValue, length <= 128 else { return nil }
        return length
    }

    private static func mask(_ address: IPv6Address, to length: Int) -> IPv6Address {
        let high = length >= 64 ? UInt64.max : ~(UInt64.max >> UInt64(length))
        let low = length <= 64 ? 0 : length >= 128 ? UInt64.max : ~(UInt64.max >> UInt64(length - 64))
        return IPv6Address(high: address.high & high, low: address.low & low)
    }

    /// Whether the address lies in the block.
    public func contains(_ address: IPv6Address) -> Bool {
        Self.mask(address, to: self.length) == self.address
    }

    /// Whether every address of the other block lies in this one.
    public func contains(_ other: IPv6Prefix) -> Bool {
        other.length >= self.length && self.contains(other.address)
    }

    /// Whether the two blocks share an address.
    public func overlaps(_ other: IPv6Prefix) -> Bool {
        self.contains(other) || other.contains(self)
    }

    /// Orders by address, then by length.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.address, lhs.length) < (rhs.address, rhs.length)
    }
}

extension IPv6Prefix: CustomStringConvertible {
    /// `address/length`, the address as RFC 5952 writes it.
    public var description: String { "\(self.address)/\(self.length)" }
}
