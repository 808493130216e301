internal import Wire

// What was done with the packet before. The next often is of the same flow, and what was decided on one holds for the other
// when they are alike in all that decisions read: the whole inner IPv6 header, length included, and what stands around it.
// Whoever changes what decisions are made from forgets both (`FlowCaches.forget()`).

/// An inner IPv6 header as words, to be compared.
struct InnerHeader: Equatable {
    private var words: (UInt64, UInt64, UInt64, UInt64, UInt64)

    /// No packet's: its version is 0.
    static let none = InnerHeader(words: (0, 0, 0, 0, 0))

    private init(words: (UInt64, UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    /// Reads a header; nil where the packet is not exactly as long as it says.
    ///
    /// - Parameters:
    ///   - octets: The packet and what stands in front of it.
    ///   - offset: Where the packet begins, in octets.
    @inline(__always)
    init?(_ octets: RawSpan, at offset: Int) {
        guard octets.byteCount >= offset &+ IPv6Packet.headerLength else { return nil }
        let first: UInt64 = octets.bigEndian(at: offset)
        let payloadLength = Int(truncatingIfNeeded: first >> 16 & 0xffff)
        guard first >> 60 == 6, octets.byteCount == offset &+ IPv6Packet.headerLength &+ payloadLength else {
            return nil
        }
        self.words = (
            first, octets.bigEndian(at: offset &+ 8), octets.bigEndian(at: offset &+ 16),
            octets.bigEndian(at: offset &+ 24), octets.bigEndian(at: offset &+ 32)
        )
    }

    /// The ECN field.
    var congestion: UInt8 { UInt8(truncatingIfNeeded: self.words.0 >> 52) & 3 }

    @inline(__always)
    static func == (lhs: Self, rhs: Self) -> Bool {
        (lhs.words.0 ^ rhs.words.0) | (lhs.words.1 ^ rhs.words.1) | (lhs.words.2 ^ rhs.words.2)
            | (lhs.words.3 ^ rhs.words.3) | (lhs.words.4 ^ rhs.words.4) == 0
    }
}
