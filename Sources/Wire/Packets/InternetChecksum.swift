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
        var offset = count & ~7
        self.sum &+= Self.sum(ofWords: octets.extracting(first: offset))
        if offset &+ 4 <= count {
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

    /// The sum of words of 8 octets, folded to 32 bits.
    ///
    /// Added as the machine has them, and turned round at the end: the sum's octets are exchanged as the words' are
    /// (RFC 1071 §2 B). Without bounds checks, and four words at a time, which the compiler doesn't come to by itself.
    private static func sum(ofWords octets: RawSpan) -> UInt64 {
        unsafe octets.withUnsafeBytes { octets in
            var words = SIMD4<UInt64>()
            var highHalves = SIMD4<UInt64>()
            var offset = 0
            while offset &+ 32 <= octets.count {
                let four = unsafe octets.loadUnaligned(fromByteOffset: offset, as: SIMD4<UInt64>.self)
                words &+= four
                highHalves &+= four &>> 32
                offset &+= 32
            }
            var sum = words.wrappedSum()
            var highSum = highHalves.wrappedSum()
            while offset < octets.count {
                let word = unsafe octets.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                sum &+= word
                highSum &+= word >> 32
                offset &+= 8
            }
            // Of at most 2^13 words the halves' sums fit in 64 bits, so that the low one is right although the words' overflows.
            let lowSum = sum &- highSum << 32
            return Self.bigEndianSum(lowSum &+ highSum)
        }
    }

    /// Folds a sum to 16 bits and puts it in network order.
    private static func bigEndianSum(_ sum: UInt64) -> UInt64 {
        var folded = sum
        while folded > 0xffff { folded = (folded >> 16) &+ (folded & 0xffff) }
        return UInt64(UInt16(truncatingIfNeeded: folded).bigEndian)
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
