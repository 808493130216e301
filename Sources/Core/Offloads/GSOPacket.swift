public import Wire

/// A packet that stands for several: the kernel leaves it to the device to cut it up (TCP and UDP segmentation
/// offload), and completes no checksum of it.
public struct GSOPacket: ~Escapable {
    /// All headers, and as much of the payload as is at hand.
    private let octets: RawSpan
    /// Length of the whole packet, in octets.
    private let length: Int
    private let isTCP: Bool
    /// Where the TCP or UDP header begins, in octets.
    private let transport: Int
    /// The sum of the pseudo-header, whose length field is what follows the IPv6 headers in the whole packet.
    private let pseudoHeaderSum: UInt16

    /// Length of all headers, in octets.
    public let headerLength: Int

    /// Payload of each of the packets but the last, in octets; at least 1.
    public let segmentSize: Int

    /// How many packets it stands for; at least 1.
    public let count: Int

    /// Checks that a packet can be cut up as its header says.
    ///
    /// - Throws: `DecodeError` when it can't.
    @_lifetime(copy octets)
    public init(_ octets: RawSpan, _ header: VirtioNetHeader) throws(DecodeError) {
        try self.init(beginning: octets, length: octets.byteCount, header)
    }

    /// Checks the same of a packet whose payload lies elsewhere: its packets can be made with ``complete(_:in:)`` only.
    ///
    /// - Parameters:
    ///   - beginning: The packet's first octets, with all headers.
    ///   - length: Length of the whole packet, in octets.
    ///   - header: What the kernel says of it.
    /// - Throws: `DecodeError` when it can't be cut up, or some of the headers are not in its beginning.
    @_lifetime(copy beginning)
    public init(beginning: RawSpan, length: Int, _ header: VirtioNetHeader) throws(DecodeError) {
        let declared = try IPv6Packet.totalLength(of: beginning, available: length)
        guard declared == length else { throw .invalidField(.totalLength) }
        guard let checksum = header.checksum, header.segmentSize > 0 else {
            throw .invalidField(.segmentation)
        }
        switch header.segmentation {
        case .tcpOverIPv6: self.isTCP = true
        case .udp: self.isTCP = false
        case .none, .tcpOverIPv4: throw .invalidField(.segmentation)
        }
        self.transport = Int(checksum.start)
        self.headerLength = try Self.headerLength(
            of: beginning,
            length: length,
            transport: self.transport,
            isTCP: self.isTCP
        )
        let field = self.isTCP ? TCPHeader.Offset.checksum : UDPHeader.checksumOffset
        guard Int(checksum.offset) == field else { throw .invalidField(.segmentation) }
        self.octets = beginning
        self.length = length
        self.pseudoHeaderSum = beginning.bigEndian(at: self.transport + field)
        self.segmentSize = Int(header.segmentSize)
        self.count = (length - self.headerLength + self.segmentSize - 1) / self.segmentSize
    }

    /// Length of the headers in front of the payload, which is not empty; all of them are in the packet's beginning.
    private static func headerLength(
        of beginning: RawSpan,
        length: Int,
        transport: Int,
        isTCP: Bool
    ) throws(DecodeError) -> Int {
        let minimum = isTCP ? TCPHeader.minimumLength : UDPDatagram.headerLength
        guard transport >= IPv6Packet.headerLength else { throw .invalidField(.headerLength) }
        try Self.check(transport + minimum, endsWithin: beginning, length: length)
        let expected = isTCP ? ProtocolNumber.tcp : ProtocolNumber.udp
        guard
            transport > IPv6Packet.headerLength
                || beginning.bigEndian(at: IPv6Header.Offset.nextHeader, as: UInt8.self) == expected
        else { throw .invalidField(.nextHeader) }
        guard isTCP else { return transport + minimum }
        let words = beginning.bigEndian(at: transport + TCPHeader.Offset.dataOffset, as: UInt8.self) >> 4
        let end = transport + 4 * Int(words)
        guard end >= transport + minimum else { throw .invalidField(.headerLength) }
        try Self.check(end, endsWithin: beginning, length: length)
        return end
    }

    /// Checks that headers end before the packet does, and no later than what is at hand of it.
    private static func check(
        _ end: Int,
        endsWithin beginning: RawSpan,
        length: Int
    ) throws(DecodeError) {
        guard end < length else { throw .truncated(needed: end + 1, available: length) }
        guard end <= beginning.byteCount else {
            throw .truncated(needed: end, available: beginning.byteCount)
        }
    }

    /// Size of the largest of the packets, in octets.
    public var largest: Int {
        min(self.headerLength + self.segmentSize, self.length)
    }

    /// Where the payload of one of the packets lies in the whole; nil when there is no such packet.
    private func payload(of index: Int) -> Range<Int>? {
        let start = self.headerLength + index * self.segmentSize
        let end = min(start + self.segmentSize, self.length)
        return start < end ? start..<end : nil
    }

    // MARK: - Its packets

    /// Writes one of the packets, as it goes on the wire, behind a buffer's headroom.
    ///
    /// - Parameters:
    ///   - index: Under ``count``.
    ///   - buffer: Takes the packet.
    ///   - front: Octets to leave between the headroom and the packet, for a header in front of it, whose octets are whatever was
    ///     there.
    /// - Returns: Whether it fits, and its payload is at hand.
    public func write(_ index: Int, into buffer: inout PacketBuffer, behind front: Int = 0) -> Bool {
        guard let payload = self.payload(of: index), payload.upperBound <= self.octets.byteCount,
            buffer.reset(to: front + self.headerLength + payload.count)
        else { return false }
        let place = buffer.range.lowerBound + front
        buffer.bytes.store(self.octets.extracting(payload), at: place + self.headerLength)
        self.writeHeaders(of: index, into: &buffer, at: place)
        return true
    }

    /// Makes one of the packets, as it goes on the wire, of its payload, which is where it has to be: behind a buffer's
    /// headroom and ``headerLength`` octets more.
    ///
    /// - Parameters:
    ///   - index: Under ``count``.
    ///   - buffer: Has the payload, and gets the headers.
    /// - Returns: Whether it fits.
    public func complete(_ index: Int, in buffer: inout PacketBuffer) -> Bool {
        guard let payload = self.payload(of: index),
            buffer.reset(to: self.headerLength + payload.count)
        else { return false }
        self.writeHeaders(of: index, into: &buffer, at: buffer.range.lowerBound)
        return true
    }

    private func writeHeaders(of index: Int, into buffer: inout PacketBuffer, at origin: Int) {
        buffer.bytes.store(self.octets.extracting(first: self.headerLength), at: origin)
        let length = buffer.range.upperBound - origin - IPv6Packet.headerLength
        buffer.bytes.storeBigEndian(
            UInt16(truncatingIfNeeded: length),
            at: origin + IPv6Header.Offset.payloadLength
        )
        if self.isTCP {
            self.completeTCP(index, in: &buffer, at: origin + self.transport)
        } else {
            self.completeUDP(in: &buffer, at: origin + self.transport)
        }
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
        let whole = UInt16(truncatingIfNeeded: self.length - self.transport)
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
    /// - Throws: `DecodeError/invalidField(_:)` when that lies outside the packet.
    @_lifetime(self: copy self)
    public mutating func completeChecksum(at place: VirtioNetHeader.Checksum) throws(DecodeError) {
        try self.bytes.completeChecksum(at: place, of: self.range)
    }
}

extension MutableRawSpan {
    /// Completes the checksum of a packet that lies in some part of the memory.
    @_lifetime(self: copy self)
    mutating func completeChecksum(
        at place: VirtioNetHeader.Checksum,
        of packet: Range<Int>
    ) throws(DecodeError) {
        let start = Int(place.start)
        let field = start + Int(place.offset)
        guard field + 2 <= packet.count else { throw .invalidField(.totalLength) }
        var checksum = InternetChecksum()
        checksum.add(self.bytes.extracting(packet.lowerBound + start..<packet.upperBound))
        let value = checksum.value
        // As the kernel does, whatever the protocol: all ones mean the same as 0, which UDP has another use for.
        self.storeBigEndian(value == 0 ? .max : value, at: packet.lowerBound + field)
    }
}
