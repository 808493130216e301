internal import Wire

/// Combines the congestion marks of outer and inner header on decapsulation (RFC 6040 §4.2, figure 4).
public enum CongestionMark {
    private static let mask: UInt8 = 0b11
    private static let notCapable: UInt8 = 0b00
    private static let capable1: UInt8 = 0b01
    private static let capable0: UInt8 = 0b10
    private static let experienced: UInt8 = 0b11

    /// What to do with the inner packet.
    enum Combination {
        case unchanged
        case marked(UInt8)
        case drop
    }

    /// Combines the ECN fields of two traffic classes.
    static func combine(outer: UInt8, inner: UInt8) -> Combination {
        switch (inner & Self.mask, outer & Self.mask) {
        case (Self.notCapable, Self.experienced): .drop
        case (Self.capable1, Self.experienced), (Self.capable0, Self.experienced): .marked(Self.experienced)
        case (Self.capable0, Self.capable1): .marked(Self.capable1)
        default: .unchanged
        }
    }

    /// Gives an inner IPv6 packet the mark that it has after decapsulation.
    ///
    /// - Parameters:
    ///   - outer: Traffic class of the outer header.
    ///   - buffer: Has the packet.
    ///   - offset: Where it begins, in octets; its fixed header must be there.
    /// - Returns: Whether the packet may go on; not when congestion was marked on one that does not know ECN.
    @inline(__always)
    public static func combine(
        outer: UInt8,
        intoPacketOf buffer: inout MutableRawSpan,
        at offset: Int
    ) -> Bool {
        let word: UInt16 = buffer.bytes.bigEndian(at: offset)
        switch Self.combine(outer: outer, inner: UInt8(truncatingIfNeeded: word >> 4)) {
        case .unchanged: return true
        case .drop: return false
        case .marked(let mark):
            let octet = UInt8(truncatingIfNeeded: word) & ~0x30 | mark << 4
            buffer.storeBigEndian(octet, at: offset + 1)
            return true
        }
    }
}

extension PacketBuffer {
    /// Combines the outer ECN field with that of the inner IPv6 packet.
    ///
    /// - Returns: Whether the packet may go on.
    @_lifetime(self: copy self)
    mutating func combineECN(withOuter outer: UInt8) -> Bool {
        CongestionMark.combine(outer: outer, intoPacketOf: &self.bytes, at: self.range.lowerBound)
    }
}
