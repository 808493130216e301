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
        let length = parts.count == 1 ? bits : Int(parts[1]) ?? -1
        guard (0...bits).contains(length),
            let prefix = IPv6Prefix(address.mapped, length: 128 - bits + length)
        else { throw failure }
        self.address = address
        self.length = length
        self.prefix = prefix
    }

    /// Whether the address lies in the block; an IPv4-mapped IPv6 address counts as IPv4.
    public func contains(_ address: IPAddress) -> Bool {
        self.prefix.contains(address.unmapped.mapped)
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
