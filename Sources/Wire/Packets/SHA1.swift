internal import CSHA1

/// A SHA-1 digest (FIPS 180-4), 20 octets.
public struct SHA1Digest: Sendable {
    /// The octets, in the order they go on the wire.
    public var octets: InlineArray<20, UInt8>

    /// Creates a digest from its octets.
    public init(_ octets: InlineArray<20, UInt8>) {
        self.octets = octets
    }

    /// The octets as a view.
    var bytes: RawSpan {
        // `unsafe` only because any element may be read as raw octets, which is right for octets.
        @_lifetime(borrow self) get { unsafe self.octets.span.bytes }
    }

    /// Computes the digest of some octets; allocates nothing.
    public init(of octets: RawSpan) {
        self = Self(ofParts: octets, octets.extracting(first: 0), octets.extracting(first: 0))
    }

    /// Computes the digest of three pieces of a message, one after the other; allocates nothing.
    ///
    /// The C function is called directly because swift-crypto allocates for each hash.
    public init(ofParts first: RawSpan, _ second: RawSpan, _ third: RawSpan) {
        var octets = InlineArray<20, UInt8>(repeating: 0)
        var span = octets.mutableSpan
        unsafe ThreeParts(first, second, third).withParts { parts in
            unsafe span.withUnsafeMutableBufferPointer { unsafe csha1_digest(parts, $0.baseAddress) }
        }
        self.octets = octets
    }

    /// Computes the digests of two messages of three pieces each, in little more time than one takes; allocates nothing.
    static func pair(_ first: borrowing ThreeParts, _ second: borrowing ThreeParts) -> (Self, Self) {
        var one = InlineArray<20, UInt8>(repeating: 0)
        var other = InlineArray<20, UInt8>(repeating: 0)
        var oneSpan = one.mutableSpan
        var otherSpan = other.mutableSpan
        unsafe first.withParts { first in
            unsafe second.withParts { second in
                unsafe oneSpan.withUnsafeMutableBufferPointer { one in
                    unsafe otherSpan.withUnsafeMutableBufferPointer { other in
                        unsafe csha1_digest_pair(first, second, one.baseAddress, other.baseAddress)
                    }
                }
            }
        }
        return (Self(one), Self(other))
    }

    @unsafe
    fileprivate static func part(_ octets: UnsafeRawBufferPointer) -> csha1_part {
        unsafe csha1_part(
            octets: octets.baseAddress?.assumingMemoryBound(to: UInt8.self),
            count: octets.count
        )
    }

    /// Compares with 20 octets of a span in a time that doesn't depend on where they differ.
    ///
    /// Traps when the span has fewer than 20 octets from the offset on.
    public func matches(_ span: RawSpan, at offset: Int) -> Bool {
        let octets = self.bytes
        let first = octets.bigEndian(at: 0, as: UInt64.self) ^ span.bigEndian(at: offset)
        let second = octets.bigEndian(at: 8, as: UInt64.self) ^ span.bigEndian(at: offset + 8)
        let last = octets.bigEndian(at: 16, as: UInt32.self) ^ span.bigEndian(at: offset + 16)
        return first | second | UInt64(last) == 0
    }
}

extension SHA1Digest: Equatable {
    /// Compares in a time that doesn't depend on where the digests differ.
    public static func == (lhs: Self, rhs: Self) -> Bool {
        lhs.matches(rhs.bytes, at: 0)
    }
}

/// A message in three pieces that stand in different places.
struct ThreeParts: ~Escapable {
    let first: RawSpan
    let second: RawSpan
    let third: RawSpan

    @_lifetime(copy first, copy second, copy third)
    init(_ first: RawSpan, _ second: RawSpan, _ third: RawSpan) {
        self.first = first
        self.second = second
        self.third = third
    }

    /// Lends the pieces as the C function wants them.
    @unsafe
    fileprivate func withParts(_ body: (UnsafePointer<csha1_part>) -> Void) {
        unsafe self.first.withUnsafeBytes { first in
            unsafe self.second.withUnsafeBytes { second in
                unsafe self.third.withUnsafeBytes { third in
                    var parts = unsafe (
                        SHA1Digest.part(first), SHA1Digest.part(second), SHA1Digest.part(third)
                    )
                    unsafe withUnsafePointer(to: &parts) { parts in
                        unsafe parts.withMemoryRebound(to: csha1_part.self, capacity: 3) { unsafe body($0) }
                    }
                }
            }
        }
    }
}
