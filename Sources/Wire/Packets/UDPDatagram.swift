/// A read-only view of a UDP datagram (RFC 768).
public struct UDPDatagram: ~Escapable {
    /// Length of the header, in octets.
    public static let headerLength = 8

    private let bytes: RawSpan

    /// Checks the header and the length field against the buffer; octets after the length are padding.
    ///
    /// - Throws: ``DecodeError/truncated(needed:available:)`` or, for a length field under 8,
    ///   ``DecodeError/invalidField(_:)``.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan) throws(DecodeError) {
        guard bytes.byteCount >= Self.headerLength else {
            throw .truncated(needed: Self.headerLength, available: bytes.byteCount)
        }
        let length = Int(bytes.bigEndian(at: 4, as: UInt16.self))
        guard length >= Self.headerLength else { throw .invalidField(.totalLength) }
        guard length <= bytes.byteCount else { throw .truncated(needed: length, available: bytes.byteCount) }
        self.bytes = bytes.extracting(first: length)
    }

    /// The two ports at the start of a datagram of which an ICMP error quotes 8 octets or more.
    ///
    /// - Returns: Source and destination port, or nil when fewer than 4 octets are there.
    public static func quotedPorts(_ bytes: RawSpan) -> (source: UInt16, destination: UInt16)? {
        guard bytes.byteCount >= 4 else { return nil }
        return (bytes.bigEndian(at: 0), bytes.bigEndian(at: 2))
    }

    /// Port of the sender.
    public var sourcePort: UInt16 { self.bytes.bigEndian(at: 0) }

    /// Port of the recipient.
    public var destinationPort: UInt16 { self.bytes.bigEndian(at: 2) }

    /// The checksum field; 0 over IPv4 means none.
    public var checksum: UInt16 { self.bytes.bigEndian(at: 6) }

    /// Whether the checksum is right over IPv6, where it is not optional (RFC 8200 §8.1).
    public func hasValidChecksum(source: IPv6Address, destination: IPv6Address) -> Bool {
        var checksum = InternetChecksum()
        checksum.addPseudoHeader(
            source: source,
            destination: destination,
            upperLayerLength: self.bytes.byteCount,
            nextHeader: ProtocolNumber.udp
        )
        checksum.add(self.bytes)
        return self.checksum != 0 && checksum.value == 0
    }

    /// Everything after the header.
    public var payload: RawSpan {
        @_lifetime(copy self) get { self.bytes.extracting(droppingFirst: Self.headerLength) }
    }
}

/// A UDP header to write (RFC 768).
public enum UDPHeader {
    /// Where the length stands, in octets from the start of the header.
    public static let lengthOffset = 4

    /// Where the checksum stands, in octets from the start of the header.
    public static let checksumOffset = 6

    /// Writes the 8 octets of a header in front of a payload that is already in place, checksum over IPv6 included.
    ///
    /// - Parameters:
    ///   - buffer: Holds the payload from `offset + 8` on. Traps when the datagram doesn't fit.
    ///   - offset: Where the header begins, in octets.
    ///   - payloadLength: In octets, at most 65,527.
    ///   - ports: Source and destination, in host order.
    ///   - addresses: Source and destination, for the pseudo-header.
    public static func encode(
        into buffer: inout MutableRawSpan,
        at offset: Int,
        payloadLength: Int,
        ports: (source: UInt16, destination: UInt16),
        addresses: (source: IPv6Address, destination: IPv6Address)
    ) {
        let length = UDPDatagram.headerLength + payloadLength
        Self.encodeWithoutChecksum(into: &buffer, at: offset, payloadLength: payloadLength, ports: ports)
        var checksum = InternetChecksum()
        checksum.addPseudoHeader(
            source: addresses.source,
            destination: addresses.destination,
            upperLayerLength: length,
            nextHeader: ProtocolNumber.udp
        )
        checksum.add(buffer.bytes.extracting(offset..<offset + length))
        // A computed 0 is sent as all ones, since 0 says "no checksum" (RFC 768).
        buffer.storeBigEndian(checksum.value == 0 ? UInt16.max : checksum.value, at: offset + 6)
    }

    /// Writes the 8 octets of a header whose checksum is 0, which over IPv4 says that there is none.
    ///
    /// - Parameters:
    ///   - buffer: Where to write. Traps when the header doesn't fit.
    ///   - offset: Where the header begins, in octets.
    ///   - payloadLength: In octets, at most 65,527.
    ///   - ports: Source and destination, in host order.
    public static func encodeWithoutChecksum(
        into buffer: inout MutableRawSpan,
        at offset: Int,
        payloadLength: Int,
        ports: (source: UInt16, destination: UInt16)
    ) {
        let length = UDPDatagram.headerLength + payloadLength
        buffer.storeBigEndian(ports.source, at: offset)
        buffer.storeBigEndian(ports.destination, at: offset + 2)
        buffer.storeBigEndian(UInt16(truncatingIfNeeded: length), at: offset + 4)
        buffer.storeBigEndian(UInt16(0), at: offset + 6)
    }
}
