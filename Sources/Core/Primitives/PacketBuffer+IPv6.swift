internal import Wire

// What the steps read and change of the IPv6 packet in a buffer, whose fixed header was checked.
extension PacketBuffer {
    /// DSCP and ECN of the IPv6 packet in the buffer, which the outer header copies (RFC 2983, RFC 6040).
    var innerTrafficClass: UInt8 {
        let word: UInt16 = self.packet.bigEndian(at: 0)
        return UInt8(truncatingIfNeeded: word >> 4)
    }

    /// Lowers the hop limit of the IPv6 packet in the buffer by one; it is over 1 here.
    @_lifetime(self: copy self)
    mutating func decrementHopLimit() {
        let offset = self.range.lowerBound + IPv6Header.Offset.hopLimit
        let hopLimit: UInt8 = self.bytes.bytes.bigEndian(at: offset)
        self.bytes.storeBigEndian(hopLimit &- 1, at: offset)
    }
}
