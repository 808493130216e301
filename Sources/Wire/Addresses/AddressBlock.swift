/// A block of addresses of one family, as access lists hold them.
public struct AddressBlock: Hashable, Sendable {
    /// The lowest address of the block.
    public let address: IPAddress

    /// How many leading bits all addresses of the block share: 0 through 32 or 128.
    public let length: Int

    /// The block as an IPv6 prefix, IPv4 mapped.
    private let prefix: IPv6Prefix

    /// Parses `192.0.2.1`, `192.0.2.0/24`, `::1` or `2001:db8::/32`.
    ///
    /// - Throws: ``SyntaxError`` when the text is anything else or bits beyond the length are set.
    public init(parsing text: some StringProtocol) throws(SyntaxError) {
        let failure = SyntaxError(expected: "an address or a block such as 192.0.2.0/24", found: String(text))
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = try? IPAddress(parsing: first) else { throw failure }
        let bits: Int
        switch address {
        case .ipv4: bits = 32
        case .ipv6: bits = 128
        }
        let length = parts.count == 1 ? bits : Self.length(parts[1])
        guard let length, (0...bits).contains(length),
            let prefix = IPv6Prefix(address.mapped, length: 128 - bits + length)
        else { throw failure }
        self.address = address
        self.length = length
        self.prefix = prefix
    }

    /// One to three digits; `Int.init` alone would take a sign as well.
    private static func length(_ digits: some StringProtocol) -> Int? {
        guard (1...3).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        return Int(digits)
    }

    /// Whether the address lies in the block; an IPv4-mapped IPv6 address counts as IPv4.
    ///
    /// A block of IPv6 addresses has no IPv4 address in it, unless all of it is IPv4-mapped: `::/0` is not everything.
    public func contains(_ address: IPAddress) -> Bool {
        let mapped = address.unmapped.mapped
        guard !mapped.isIPv4Mapped || self.prefix.address.isIPv4Mapped && self.prefix.length >= 96 else {
            return false
        }
        return self.prefix.contains(mapped)
    }
}

extension AddressBlock: CustomStringConvertible {
    /// The bare address of a single host, else `address/length`.
    public var description: String {
        switch (self.address, self.length) {
        case (.ipv4, 32), (.ipv6, 128): "\(self.address)"
        default: "\(self.address)/\(self.length)"
        }
    }
}
