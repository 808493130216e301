public import Wire

/// Whom an address belongs to, as its bits say.
public enum AddressOwner: Hashable, Sendable {
    /// The PoP's side of a tunnel, `<prefix>:<tid>::1`.
    case local(TID)
    /// The user's side of a tunnel, `<prefix>:<tid>::2`.
    case remote(TID)
    /// Another address of a tunnel's /64.
    case unassigned(TID)
    /// An address of a prefix that is routed to a tunnel: its default /64 or a subnet.
    case routed(TID)
    /// The daemon's own address, `<prefix>:ffff::1`.
    case daemon
    /// An address of the PoP's prefixes that no tunnel has.
    case nobody
    /// An address of none of the PoP's prefixes: the internet, or another's.
    case external
}

/// The PoP's prefixes, cut up so that an address's bits are the index of its owner: constant time, no search.
///
///     tunnel prefix, a /48             |  16 bits  |         64 bits         |
///     <prefix>                         |    tid    | ::1 PoP, ::2 user       |   0x0000...0x1fff
///     <prefix>                         | 8000 + tid| the tunnel's own /64    |   0x8000...0x9fff
///     <prefix>                         |   ffff    | ::1 the daemon          |
///
///     subnet prefix, a /40             | 8 bits |  a /48 to the owner        |
///     subnet prefix, a /48             | 8 bits |  a /56 to the owner        |
public struct AddressPlan: Sendable {
    /// A prefix that is cut up among tunnels.
    public struct SubnetPrefix: Hashable, Sendable {
        /// The high half of its address.
        public let high: UInt64
        /// The bits of a high half that say whether an address is in it.
        public let mask: UInt64
        /// How far the index of a subnet stands from the low end of the high half, in bits.
        public let shift: UInt64
    }

    /// How many subnets a prefix is cut into.
    public static let subnetsPerPrefix = 256
    static let defaultRoutedFlag: UInt16 = 0x8000
    static let daemonNumber: UInt16 = 0xffff

    /// The high half of the tunnel prefix; nil when there is none.
    public let tunnelHigh: UInt64?
    /// The prefixes that are cut up, in the order in which they are looked at.
    public let subnetPrefixes: [SubnetPrefix]
    /// The tunnel of each subnet, ``subnetsPerPrefix`` for each of ``subnetPrefixes``.
    public let owners: [TID?]

    /// Lays out the prefixes and subnets of a configuration that was checked.
    public init(_ configuration: Configuration) {
        self.tunnelHigh = configuration.pop.tunnelPrefix.map(\.address.high)
        let prefixes = configuration.pop.subnetPrefixes
        self.subnetPrefixes = prefixes.map { prefix in
            SubnetPrefix(
                high: prefix.address.high,
                mask: ~(UInt64.max >> UInt64(prefix.length)),
                shift: UInt64(64 - prefix.length - 8)
            )
        }
        var owners = [TID?](repeating: nil, count: prefixes.count * Self.subnetsPerPrefix)
        for subnet in configuration.subnets {
            guard let place = Self.index(of: subnet.prefix.address.high, in: self.subnetPrefixes) else {
                continue
            }
            owners[place] = subnet.tid
        }
        self.owners = owners
    }

    private static func index(of high: UInt64, in prefixes: [SubnetPrefix]) -> Int? {
        // At most 16 comparisons: their number doesn't grow with the number of subnets.
        for (number, prefix) in prefixes.enumerated() where high & prefix.mask == prefix.high {
            return number &* Self.subnetsPerPrefix &+ Int(truncatingIfNeeded: high >> prefix.shift & 0xff)
        }
        return nil
    }

    /// Whom an address belongs to.
    public func owner(of address: IPv6Address) -> AddressOwner {
        if let tunnelHigh = self.tunnelHigh, address.high >> 16 == tunnelHigh >> 16 {
            return self.owner(number: UInt16(truncatingIfNeeded: address.high), interface: address.low)
        }
        guard let index = Self.index(of: address.high, in: self.subnetPrefixes) else { return .external }
        guard let tid = self.owners[index] else { return .nobody }
        return .routed(tid)
    }

    private func owner(number: UInt16, interface: UInt64) -> AddressOwner {
        if let tid = TID(rawValue: number) {
            switch interface {
            case 1: return .local(tid)
            case 2: return .remote(tid)
            default: return .unassigned(tid)
            }
        }
        if number & Self.defaultRoutedFlag != 0, let tid = TID(rawValue: number & ~Self.defaultRoutedFlag) {
            return .routed(tid)
        }
        return number == Self.daemonNumber && interface == 1 ? .daemon : .nobody
    }

    /// The PoP's side of a tunnel, `::1`; unspecified without a tunnel prefix.
    public func localAddress(of tid: TID) -> IPv6Address { self.address(number: tid.rawValue, interface: 1) }

    /// The user's side of a tunnel, `::2`; unspecified without a tunnel prefix.
    public func remoteAddress(of tid: TID) -> IPv6Address { self.address(number: tid.rawValue, interface: 2) }

    /// The daemon's own address, `ffff::1`; unspecified without a tunnel prefix.
    public var daemonAddress: IPv6Address { self.address(number: Self.daemonNumber, interface: 1) }

    private func address(number: UInt16, interface: UInt64) -> IPv6Address {
        guard let tunnelHigh = self.tunnelHigh else { return .unspecified }
        return IPv6Address(high: tunnelHigh | UInt64(number), low: interface)
    }

    /// The PoP's link-local address on a tunnel, `fe80::<tid>:1` (RFC 4213 §3.7).
    public static func linkLocalAddress(of tid: TID) -> IPv6Address {
        IPv6Address(high: 0xfe80 << 48, low: UInt64(tid.rawValue) << 16 | 1)
    }

    /// The tunnels whose link-local address an address is, at most one, or whose link-local address's group it is, at most 32:
    /// the group keeps 8 of a number's 13 bits.
    static func linkLocalOwners(of address: IPv6Address) -> some Sequence<TID> {
        let isAddress = address.high == 0xfe80 << 48
        let isGroup = address == address.solicitedNode
        let number = isAddress ? address.low >> 16 : address.low >> 16 & 0xff
        let isPossible = (isAddress || isGroup) && address.low & 0xffff == 1 && number < UInt64(TID.capacity)
        let last = isPossible ? (isGroup ? TID.capacity - 1 : Int(number)) : -1
        return stride(from: isPossible ? Int(number) : 0, through: last, by: 256)
            .lazy.compactMap { TID(rawValue: UInt16($0)) }
    }
}
