/// An address of either family, as outer headers and control sessions have.
public enum IPAddress: Hashable, Sendable {
    /// An IPv4 address.
    case ipv4(IPv4Address)

    /// An IPv6 address.
    case ipv6(IPv6Address)

    /// Parses an address of either family.
    ///
    /// - Throws: ``SyntaxError`` when the text is neither.
    public init(parsing text: some StringProtocol) throws(SyntaxError) {
        guard let address = IPAddress(octets: Array(text.utf8)[...]) else {
            throw SyntaxError(expected: "an IPv4 or IPv6 address", found: String(text))
        }
        self = address
    }

    /// Reads the same from octets, or gives nil.
    init?(octets: ArraySlice<UInt8>) {
        if let address = IPv4Address(octets: octets) {
            self = .ipv4(address)
        } else if let address = IPv6Address(octets: octets) {
            self = .ipv6(address)
        } else {
            return nil
        }
    }

    /// The address, with an IPv4-mapped IPv6 address turned into the IPv4 address it stands for.
    public var unmapped: IPAddress {
        guard case .ipv6(let address) = self, let mapped = address.mappedIPv4Address else { return self }
        return .ipv4(mapped)
    }

    /// The address as an IPv6 one, an IPv4 address mapped (RFC 4291 §2.5.5.2).
    public var mapped: IPv6Address {
        switch self {
        case .ipv4(let address): IPv6Address(mapping: address)
        case .ipv6(let address): address
        }
    }

    /// Who is taken for one when what hosts do is counted: an IPv4 address, or a /64, of which one host may have all.
    public var network: IPAddress {
        switch self {
        case .ipv4: self
        case .ipv6(let address): .ipv6(IPv6Address(high: address.high, low: 0))
        }
    }

    /// Whether the address is one by which a host speaks to itself.
    public var isLoopback: Bool {
        switch self.unmapped {
        case .ipv4(let address): address.isLoopback
        case .ipv6(let address): address.isLoopback
        }
    }

    /// Whether the address is that of a group of hosts, multicast or limited broadcast.
    @inlinable public var isGroup: Bool {
        switch self {
        case .ipv4(let address): address.value >> 28 == 0xe || address.value == .max
        case .ipv6(let address): address.high >> 56 == 0xff
        }
    }

    /// Whether a packet can come from this address: it is neither a group's nor unspecified.
    @inlinable public var namesOneHost: Bool {
        switch self {
        case .ipv4(let address): !self.isGroup && address.value >> 24 != 0
        case .ipv6(let address): !self.isGroup && address.high | address.low != 0
        }
    }

    /// Whether one host can own this address and be reached over a network: not loopback, multicast,
    /// unspecified, reserved or link-local.
    public var isReachableUnicast: Bool {
        switch self {
        case .ipv4(let address): address.isUnicast && !address.isLinkLocal
        case .ipv6(let address):
            address.isUnicast && !address.isLinkLocalUnicast && !address.isIPv4Compatible
                && !address.isIPv4Mapped
        }
    }
}

extension IPAddress: Comparable {
    /// Orders IPv4 before IPv6, then by number.
    public static func < (lhs: Self, rhs: Self) -> Bool {
        switch (lhs, rhs) {
        case (.ipv4(let left), .ipv4(let right)): left < right
        case (.ipv6(let left), .ipv6(let right)): left < right
        case (.ipv4, .ipv6): true
        case (.ipv6, .ipv4): false
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// The address as its family writes it.
    public var description: String {
        switch self {
        case .ipv4(let address): address.description
        case .ipv6(let address): address.description
        }
    }
}

/// An address and a UDP or TCP port.
public struct Endpoint: Hashable, Sendable {
    /// The address.
    public var address: IPAddress

    /// The port, in host order.
    public var port: UInt16

    /// Creates an endpoint.
    public init(_ address: IPAddress, port: UInt16) {
        self.address = address
        self.port = port
    }

    /// Parses `192.0.2.1:5072` or `[2001:db8::1]:5072`.
    ///
    /// - Throws: ``SyntaxError`` when the text is neither.
    public init(parsing text: some StringProtocol) throws(SyntaxError) {
        let failure = SyntaxError(expected: "an address and port such as 192.0.2.1:5072", found: String(text))
        guard let colon = text.lastIndex(of: ":"), let port = Self.port(text[text.index(after: colon)...])
        else {
            throw failure
        }
        var host = text[..<colon]
        if host.hasPrefix("[") || host.hasSuffix("]") {
            guard host.hasPrefix("["), host.hasSuffix("]") else { throw failure }
            host = host.dropFirst().dropLast()
            guard let address = try? IPv6Address(parsing: host) else { throw failure }
            self.init(.ipv6(address), port: port)
        } else {
            guard let address = try? IPv4Address(parsing: host) else { throw failure }
            self.init(.ipv4(address), port: port)
        }
    }

    /// One to five digits; `UInt16.init` alone would take a sign as well.
    private static func port(_ digits: some StringProtocol) -> UInt16? {
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else {
            return nil
        }
        return UInt16(digits)
    }
}

extension Endpoint: CustomStringConvertible {
    /// `192.0.2.1:5072` or `[2001:db8::1]:5072`.
    public var description: String {
        switch self.address {
        case .ipv4(let address): "\(address):\(self.port)"
        case .ipv6(let address): "[\(address)]:\(self.port)"
        }
    }
}
