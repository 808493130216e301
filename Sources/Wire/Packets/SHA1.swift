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
    ///
    /// The C function is called directly because swift-crypto allocates for each hash.
    public init(of octets: RawSpan) {
        var message = unsafe csha1_message()
        self = unsafe octets.withUnsafeBytes { octets in
            unsafe message.setBody(octets)
            unsafe csha1_digest(&message, 1)
            return unsafe message.result
        }
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

extension csha1_message {
    /// Has the message end with octets that stay where they are until its digest is computed.
    @unsafe
    mutating func setBody(_ octets: UnsafeRawBufferPointer) {
        unsafe self.body = octets.baseAddress?.assumingMemoryBound(to: UInt8.self)
        unsafe self.body_count = octets.count
    }

    /// Writes the digest, when it was computed, in front of the body, which must be in memory that may be written.
    ///
    /// - Parameter distance: How many octets in front the digest begins.
    @unsafe
    func writeResult(inFrontOfBody distance: Int) {
        guard let body = unsafe UnsafeMutablePointer(mutating: self.body) else { return }
        let place = unsafe UnsafeMutableRawPointer(body - distance)
        unsafe place.storeBytes(of: self.result.octets, as: InlineArray<20, UInt8>.self)
    }

    /// The digest, when it was computed.
    var result: SHA1Digest {
        unsafe withUnsafeBytes(of: self.digest) { digest in
            unsafe SHA1Digest(digest.loadUnaligned(as: InlineArray<20, UInt8>.self))
        }
    }
}
