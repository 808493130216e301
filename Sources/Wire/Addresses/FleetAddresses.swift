extension IPv6Prefix {
    /// Whether all addresses of the block can be given to hosts and routed to them: none is a group's, of one link only, or in
    /// `::/8`, which holds loopback, unspecified and those that stand for IPv4 (RFC 4291 §2.5.2, §2.5.3, §2.5.5, §2.5.6, §2.7).
    ///
    /// Blocks for documentation are taken for what they stand for.
    public var isRoutableUnicast: Bool {
        let reserved: [(high: UInt64, length: Int)] = [(0, 8), (0xfe80 << 48, 10), (0xff << 56, 8)]
        return !reserved.contains {
            self.overlaps(IPv6Prefix(containing: IPv6Address(high: $0.high, low: 0), length: $0.length))
        }
    }
}

/// The addresses that a fleet needs for itself: no tunnel ends at one of them, and none lies in a prefix whose packets go into
/// tunnels, since what is sent there would come back (RFC 2473 §4.1.2).
public struct FleetAddresses: Sendable {
    private let owners: [IPAddress: String]
    private let prefixes: [IPv6Prefix]

    /// Collects them.
    ///
    /// - Parameters:
    ///   - pops: The names and addresses of the PoPs.
    ///   - prefixes: What is routed into tunnels.
    public init(pops: [(name: String, address: IPAddress)] = [], prefixes: [IPv6Prefix] = []) {
        self.owners = Dictionary(pops.map { ($0.address, $0.name) }, uniquingKeysWith: { first, _ in first })
        self.prefixes = prefixes
    }

    /// The PoP whose own address an endpoint is; nil when it is none's.
    public func pop(at endpoint: IPAddress) -> String? { self.owners[endpoint.unmapped] }

    /// The prefix that an endpoint lies in; nil when it lies in none.
    public func prefix(around endpoint: IPAddress) -> IPv6Prefix? {
        guard case .ipv6(let address) = endpoint else { return nil }
        return self.prefixes.first { $0.contains(address) }
    }

    /// The PoP's address that a prefix holds, and whose it is; nil when it holds none.
    public func pop(in prefix: IPv6Prefix) -> (name: String, address: IPv6Address)? {
        let inside = self.owners.compactMap { address, name in
            if case .ipv6(let address) = address, prefix.contains(address) {
                (name: name, address: address)
            } else {
                nil
            }
        }
        return inside.min { $0.address < $1.address }
    }
}
