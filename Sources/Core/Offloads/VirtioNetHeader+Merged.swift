public import Wire

extension VirtioNetHeader {
    /// Makes the checksum of a packet that a link handed on one that can be worked with: complete, or not complete where
    /// ``GSOPacket`` is to cut the packet up.
    ///
    /// Of complete packets that the kernel only hung together it is still that of the first.
    ///
    /// - Parameter packet: The packet that this header is about; the header gets the place of its checksum.
    /// - Returns: Whether it has to be cut up.
    public mutating func prepare(_ packet: inout MutableRawSpan) -> Bool {
        guard self.segmentation != .none else {
            if let place = self.checksum { try? packet.completeChecksum(at: place, of: 0..<packet.byteCount) }
            return false
        }
        guard let place = self.checksum ?? self.reopenChecksum(of: &packet) else { return false }
        self.headerLength = Self.headerLength(of: packet.bytes, at: place)
        return true
    }

    /// Has a complete packet look like one whose checksum is left to a device.
    private mutating func reopenChecksum(of packet: inout MutableRawSpan) -> Checksum? {
        guard let place = DoubtfulPacket.checksumPlace(in: packet.bytes) else { return nil }
        let sum = DoubtfulPacket.pseudoHeaderSum(of: packet.bytes, at: place)
        packet.storeBigEndian(sum, at: Int(place.start) + Int(place.offset))
        self.checksum = place
        return place
    }

    /// What stands in front of the payload; the kernel counted other headers as well, and may have counted some payload.
    private static func headerLength(of packet: RawSpan, at place: Checksum) -> UInt16 {
        let start = Int(place.start)
        let isTCP = Int(place.offset) == TCPHeader.Offset.checksum
        guard isTCP, start + TCPHeader.minimumLength <= packet.byteCount else {
            return UInt16(clamping: start + UDPDatagram.headerLength)
        }
        let dataOffset: UInt8 = packet.bigEndian(at: start + TCPHeader.Offset.dataOffset)
        return UInt16(clamping: start + 4 * Int(dataOffset >> 4))
    }
}
