/// The ones' complement checksum of IPv4, UDP, ICMP and GRE headers (RFC 1071).
public struct InternetChecksum: Sendable {
    @usableFromInline var sum: UInt64 = 0

    /// Creates the checksum of nothing.
    @inlinable
    public init() {}

    /// Adds octets.
    ///
    /// Only the last addition may have an odd count, its last octet counts as the high one.
    public mutating func add(_ octets: borrowing RawSpan) {
        let count = octets.byteCount
        var offset = 0
        while offset &+ 4 <= count {
            // At most 2^14 words of 32 bits for the largest packet: 64 bits can't overflow.
            self.sum &+= UInt64(octets.bigEndian(at: offset, as: UInt32.self))
            offset &+= 4
        }
        if offset &+ 2 <= count {
            self.sum &+= UInt64(octets.bigEndian(at: offset, as: UInt16.self))
            offset &+= 2
        }
        if offset < count {
            self.sum &+= UInt64(octets.bigEndian(at: offset, as: UInt8.self)) << 8
        }
    }

    /// Adds an integer as its big-endian octets.
    @inlinable
    public mutating func add(_ word: UInt32) {
        self.sum &+= UInt64(word)
    }

    /// Adds an address as its 16 octets.
    public mutating func add(_ address: IPv6Address) {
        self.sum &+= (address.high >> 32) &+ (address.high & 0xffff_ffff)
        self.sum &+= (address.low >> 32) &+ (address.low & 0xffff_ffff)
    }

    /// Adds the pseudo-header of an upper-layer packet over IPv6 (RFC 8200 §8.1).
    public mutating func addPseudoHeader(
        source: IPv6Address,
        destination: IPv6Address,
        upperLayerLength: Int,
        nextHeader: UInt8
    ) {
        self.add(source)
        self.add(destination)
        self.add(UInt32(truncatingIfNeeded: upperLayerLength))
        self.add(UInt32(nextHeader))
    }

    /// The value for the checksum field; 0 when the octets added include a right checksum.
    @inlinable
    public var value: UInt16 {
        var folded = self.sum
        while folded > 0xffff {
            folded = (folded >> 16) &+ (folded & 0xffff)
        }
        return ~UInt16(truncatingIfNeeded: folded)
    }
}
