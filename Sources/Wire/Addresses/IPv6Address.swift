/// A 128-bit IPv6 address, held as two host-order halves so that prefix tests are integer operations.
public struct IPv6Address: Hashable, Sendable, Comparable {
    /// The network half: octets 0 through 7.
    public let high: UInt64

    /// The interface-identifier half: octets 8 through 15.
    public let low: UInt64

    /// The unspecified address, `::`.
    public static let unspecified = IPv6Address(high: 0, low: 0)

    /// The loopback address, `::1`.
    public static let loopback = IPv6Address(high: 0, low: 1)

    /// Creates an address from its two halves, in host order.
    @inlinable
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Creates the IPv4-mapped address `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2).
    public init(mapping address: IPv4Address) {
        self.init(high: 0, low: 0xffff << 32 | UInt64(address.value))
    }

    /// Orders by number.
    public static func < (lhs: Self, rhs: Self) -> Bool { (lhs.high, lhs.low) < (rhs.high, rhs.low) }

    /// Whether the address is `::`.
    @inlinable
    public var isUnspecified: Bool { self.high == 0 && self.low == 0 }

    /// Whether the address is `::1`.
    @inlinable
    public var isLoopback: Bool { self.high == 0 && self.low == 1 }

    /// Whether the address lies in `ff00::/8` (RFC 4291 §2.7).
    @inlinable
    public var isMulticast: Bool { self.high >> 56 == 0xff }

    /// Whether the address lies in `fe80::/10` (RFC 4291 §2.5.6).
    @inlinable
    public var isLinkLocalUnicast: Bool { self.high >> 54 == 0b11_1111_1010 }

    /// Whether the address is IPv4-mapped, `::ffff:0:0/96` (RFC 4291 §2.5.5.2).
    @inlinable
    public var isIPv4Mapped: Bool { self.high == 0 && self.low >> 32 == 0xffff }

    /// Whether the address is IPv4-compatible, `::/96` (RFC 4291 §2.5.5.1), `::` and `::1` included.
    @inlinable
    public var isIPv4Compatible: Bool { self.high == 0 && self.low >> 32 == 0 }

    /// Whether one node can own this address: neither multicast nor the unspecified one.
    @inlinable
    public var isUnicast: Bool { !self.isMulticast && !self.isUnspecified }

    /// The IPv4 address inside an IPv4-mapped one, or nil.
    public var mappedIPv4Address: IPv4Address? {
        self.isIPv4Mapped ? IPv4Address(UInt32(truncatingIfNeeded: self.low)) : nil
    }

    /// The solicited-node multicast address that neighbour solicitations for this address go to.
    ///
    /// RFC 4291 §2.7.1.
    public var solicitedNode: IPv6Address {
        IPv6Address(high: 0xff02 << 48, low: 1 << 32 | 0xff << 24 | self.low & 0xff_ffff)
    }
}
