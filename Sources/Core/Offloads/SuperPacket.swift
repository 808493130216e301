public import Wire

/// A packet that stands for several: the kernel leaves it to the device to cut it up (TCP and UDP segmentation
/// offload), and completes no checksum of it.
public struct SuperPacket: ~Escapable {
    private let octets: RawSpan
    private let isTCP: Bool
    /// Where the TCP or UDP header begins, in octets.
    private let transport: Int
    /// Length of all headers, in octets.
    private let headerLength: Int
    private let segmentSize: Int
    /// The sum of the pseudo-header, whose length field is what follows the IPv6 headers in the whole packet.
    private let pseudoHeaderSum: UInt16

    /// How many packets it stands for; at least 1.
    public let count: Int

    /// Checks that a packet can be cut up as its header says.
    ///
    /// - Throws: ``Wire/DecodeError`` when it can't.
    @_lifetime(copy octets)
    public init(_ octets: RawSpan, _ header: OffloadHeader) throws(DecodeError) {
        let packet = try IPv6Packet(octets)
        guard packet.totalLength == octets.byteCount else { throw .invalidField(.totalLength) }
        guard let checksum = header.checksum, header.segmentSize > 0 else {
            throw .invalidField(.segmentation)
        }
        switch header.segmentation {
        case .tcpOverIPv6: self.isTCP = true
        case .udp: self.isTCP = false
        case .none, .tcpOverIPv4: throw .invalidField(.segmentation)
        }
        self.transport = Int(checksum.start)
        self.headerLength = try Self.headerLength(of: packet, transport: self.transport, isTCP: self.isTCP)
        let field = self.isTCP ? TCPHeader.Offset.checksum : UDPHeader.checksumOffset
        guard Int(checksum.offset) == field else { throw .invalidField(.segmentation) }
        self.octets = octets
        self.pseudoHeaderSum = octets.bigEndian(at: self.transport + field)
        self.segmentSize = Int(header.segmentSize)
        self.count = (octets.byteCount - self.headerLength + self.segmentSize - 1) / self.segmentSize
    }

    /// Length of the headers in front of the payload, which is not empty.
    private static func headerLength(
        of packet: borrowing IPv6Packet,
        transport: Int,
        isTCP: Bool
    ) throws(DecodeError) -> Int {
        let minimum = isTCP ? TCPHeader.minimumLength : UDPDatagram.headerLength
        guard transport >= IPv6Packet.headerLength else { throw .invalidField(.headerLength) }
        guard transport + minimum < packet.totalLength else {
            throw .truncated(needed: transport + minimum + 1, available: packet.totalLength)
        }
        let expected = isTCP ? ProtocolNumber.tcp : ProtocolNumber.udp
        guard transport > IPv6Packet.headerLength || packet.nextHeader == expected else {
            throw .invalidField(.nextHeader)
        }
        guard isTCP else { return transport + minimum }
        let words = packet.octets.bigEndian(at: transport + TCPHeader.Offset.dataOffset, as: UInt8.self) >> 4
        let length = transport + 4 * Int(words)
        guard length >= transport + minimum else { throw .invalidField(.headerLength) }
        guard length < packet.totalLength else {
            throw .truncated(needed: length + 1, available: packet.totalLength)
        }
        return length
    }

    /// Size of the largest of the packets, in octets.
    public var largest: Int {
        min(self.headerLength + self.segmentSize, self.octets.byteCount)
    }

    /// Writes one of the packets, as it goes on the wire, behind a buffer's headroom.
    ///
    /// - Parameters:
    ///   - index: Under ``count``.
    ///   - buffer: Takes the packet.
    /// - Returns: Whether it fits.
    public func write(_ index: Int, into buffer: inout PacketBuffer) -> Bool {
        let start = self.headerLength + index * self.segmentSize
        let end = min(start + self.segmentSize, self.octets.byteCount)
        guard start < end, buffer.reset(to: self.headerLength + end - start) else { return false }
        let origin = buffer.range.lowerBound
        buffer.bytes.store(self.octets.extracting(first: self.headerLength), at: origin)
        buffer.bytes.store(self.octets.extracting(start..<end), at: origin + self.headerLength)
        let length = buffer.count - IPv6Packet.headerLength
        buffer.bytes.storeBigEndian(
            UInt16(truncatingIfNeeded: length),
            at: origin + IPv6Header.Offset.payloadLength
        )
        if self.isTCP {
            self.completeTCP(index, in: &buffer, at: origin + self.transport)
        } else {
            self.completeUDP(in: &buffer, at: origin + self.transport)
        }
        return true
    }

    private func completeTCP(_ index: Int, in buffer: inout PacketBuffer, at offset: Int) {
        let sequence = buffer.bytes.bytes.bigEndian(
            at: offset + TCPHeader.Offset.sequenceNumber,
            as: UInt32.self
        )
        buffer.bytes.storeBigEndian(
            sequence &+ UInt32(truncatingIfNeeded: index * self.segmentSize),
            at: offset + TCPHeader.Offset.sequenceNumber
        )
        var flags: UInt8 = buffer.bytes.bytes.bigEndian(at: offset + TCPHeader.Offset.flags)
        if index > 0 { flags &= ~TCPHeader.Flag.cwr }
        if index < self.count - 1 { flags &= ~(TCPHeader.Flag.psh | TCPHeader.Flag.fin) }
        buffer.bytes.storeBigEndian(flags, at: offset + TCPHeader.Offset.flags)
        let value = self.checksum(of: &buffer, at: offset, field: TCPHeader.Offset.checksum)
        buffer.bytes.storeBigEndian(value, at: offset + TCPHeader.Offset.checksum)
    }

    private func completeUDP(in buffer: inout PacketBuffer, at offset: Int) {
        let length = buffer.range.upperBound - offset
        buffer.bytes.storeBigEndian(UInt16(truncatingIfNeeded: length), at: offset + UDPHeader.lengthOffset)
        let value = self.checksum(of: &buffer, at: offset, field: UDPHeader.checksumOffset)
        // A computed 0 is sent as all ones (RFC 8200 §8.1).
        buffer.bytes.storeBigEndian(value == 0 ? .max : value, at: offset + UDPHeader.checksumOffset)
    }

    private func checksum(of buffer: inout PacketBuffer, at offset: Int, field: Int) -> UInt16 {
        buffer.bytes.storeBigEndian(UInt16(0), at: offset + field)
        let whole = UInt16(truncatingIfNeeded: self.octets.byteCount - self.transport)
        var checksum = InternetChecksum()
        // The pseudo-header of the whole, with this packet's length in place of its own.
        checksum.add(UInt32(self.pseudoHeaderSum))
        checksum.add(UInt32(~whole))
        checksum.add(UInt32(truncatingIfNeeded: buffer.range.upperBound - offset))
        checksum.add(buffer.bytes.bytes.extracting(offset..<buffer.range.upperBound))
        return checksum.value
    }
}

extension PacketBuffer {
    /// Completes the checksum of a packet that the kernel left to the device.
    ///
    /// - Parameter place: Where it is.
    /// - Throws: ``Wire/DecodeError/invalidField(_:)`` when that lies outside the packet.
    @_lifetime(self: copy self)
    public mutating func completeChecksum(at place: OffloadHeader.Checksum) throws(DecodeError) {
        let start = Int(place.start)
        let field = start + Int(place.offset)
        guard field + 2 <= self.count else { throw .invalidField(.totalLength) }
        var checksum = InternetChecksum()
        checksum.add(self.packet.extracting(droppingFirst: start))
        let value = checksum.value
        // As the kernel does, whatever the protocol: all ones mean the same as 0, which UDP has another use for.
        self.bytes.storeBigEndian(value == 0 ? .max : value, at: self.range.lowerBound + field)
    }
}
