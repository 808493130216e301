package import Wire

/// What the addresses of a prefix are for.
package enum PrefixKind: String, CaseIterable, Sendable {
    /// One /64 a tunnel; one /48 a PoP.
    case tunnel

    /// Blocks that users route; up to 16 a PoP.
    case subnet

    /// The prefix lengths that `sixxsd.conf` allows for the kind.
    var lengths: [Int] {
        switch self {
        case .tunnel: [48]
        case .subnet: [40, 48]
        }
    }
}

/// A prefix that is routed to a PoP.
package struct RoutedPrefix: Hashable, Sendable {
    /// How many subnet prefixes a PoP can have.
    static let maximumSubnetPrefixes = 16

    package let prefix: IPv6Prefix
    package let kind: PrefixKind
    package let popID: Int
}

extension IPv6Prefix {
    /// The highest address of the block.
    var lastAddress: IPv6Address {
        let high = self.length >= 64 ? 0 : UInt64.max >> UInt64(self.length)
        let low =
            self.length <= 64 ? UInt64.max : self.length >= 128 ? 0 : UInt64.max >> UInt64(self.length - 64)
        return IPv6Address(high: self.address.high | high, low: self.address.low | low)
    }

    /// Length of the subnets that a subnet prefix is divided into: a /40 holds /48s, a /48 holds /56s.
    var subnetLength: Int { self.length + 8 }

    /// The subnet whose octet behind the prefix is the index.
    func subnet(at index: UInt8) -> IPv6Prefix {
        let shift = UInt64(56 - self.length)
        let address = IPv6Address(high: self.address.high | UInt64(index) << shift, low: self.address.low)
        return IPv6Prefix(containing: address, length: self.subnetLength)
    }
}
