/// Inner packets whose octets do not say what they are: one packet, or several that the receiving link put together (GRO); with
/// a checksum that is complete, or one that was left to a device that never saw it.
///
/// The kernel knows, and tells it beside the packet. Nothing here decides anything where that is heard.
public enum DoubtfulPacket {
    /// No single packet is as long on a link of Ethernet without jumbo frames, its link headers included, in octets.
    public static let longestSingle = 1522

    /// Whether the octets leave it open.
    ///
    /// They do where TCP's or UDP's checksum is nothing but the sum of the pseudo-header (RFC 8200 §8.1), as of what is not
    /// complete, and 1 right packet in 65,536; where it is not seen at once what stands behind the IPv6 header; and where there is
    /// more than a link carries.
    public static func isDoubtful(_ octets: RawSpan) -> Bool {
        guard octets.byteCount >= IPv6Packet.headerLength, octets.bigEndian(at: 0, as: UInt8.self) >> 4 == 6
        else { return false }
        if octets.byteCount > Self.longestSingle { return true }
        let nextHeader: UInt8 = octets.bigEndian(at: IPv6Header.Offset.nextHeader)
        switch nextHeader {
        case ProtocolNumber.tcp, ProtocolNumber.udp:
            let place = Self.place(of: nextHeader, at: IPv6Packet.headerLength)
            return Self.hasPseudoHeaderSum(octets, at: place, nextHeader)
        case ProtocolNumber.hopByHopOptions, ProtocolNumber.routing, ProtocolNumber.destinationOptions,
            ProtocolNumber.ipv4, ProtocolNumber.ipv6, ProtocolNumber.gre:
            return true
        default: return false
        }
    }

    /// Where the checksum of TCP or UDP stands, behind extension headers or none.
    ///
    /// - Returns: The place, whose field lies in the packet; nil when the packet carries something else.
    public static func checksumPlace(in octets: RawSpan) -> VirtioNetHeader.Checksum? {
        guard let upper = Self.upperLayer(of: octets) else { return nil }
        let place = Self.place(of: upper.nextHeader, at: upper.offset)
        guard Int(place.start) + Int(place.offset) + 2 <= octets.byteCount else { return nil }
        return place
    }

    /// The sum of the pseudo-header, as it stands in the place of a checksum that is not complete.
    ///
    /// - Parameters:
    ///   - octets: The packet.
    ///   - place: What ``checksumPlace(in:)`` found in it.
    /// - Returns: The sum, folded to 16 bits.
    public static func pseudoHeaderSum(of octets: RawSpan, at place: VirtioNetHeader.Checksum) -> UInt16 {
        let isUDP = Int(place.offset) == UDPHeader.checksumOffset
        return Self.pseudoHeaderSum(
            of: octets,
            from: Int(place.start),
            isUDP ? ProtocolNumber.udp : ProtocolNumber.tcp
        )
    }

    /// What a packet may be taken for when nobody tells what it is.
    ///
    /// TCP can be cut up anywhere: its segments become as large as every path takes them, so that none is lost for its size. The
    /// right size of UDP's datagrams cannot be guessed.
    ///
    /// - Returns: How it is to be cut up, or which checksum is to be completed; nil where it is left as it is.
    public static func guess(_ octets: RawSpan) -> VirtioNetHeader? {
        guard let upper = Self.upperLayer(of: octets), let place = Self.checksumPlace(in: octets),
            Self.hasPseudoHeaderSum(octets, at: place, upper.nextHeader)
        else { return nil }
        guard octets.byteCount > IPv6Packet.minimumMTU, upper.nextHeader == ProtocolNumber.tcp else {
            return octets.byteCount > Self.longestSingle ? nil : VirtioNetHeader(checksum: place)
        }
        let dataOffset: UInt8 = octets.bigEndian(at: upper.offset + TCPHeader.Offset.dataOffset)
        let headerLength = upper.offset + 4 * Int(dataOffset >> 4)
        return VirtioNetHeader(
            segmentation: .tcpOverIPv6,
            headerLength: UInt16(clamping: headerLength),
            segmentSize: UInt16(clamping: max(IPv6Packet.minimumMTU - headerLength, 1)),
            checksum: place
        )
    }

    /// TCP or UDP at the end of the chain of headers.
    private static func upperLayer(of octets: RawSpan) -> (nextHeader: UInt8, offset: Int)? {
        guard let packet = try? IPv6Packet(octets), packet.totalLength == octets.byteCount,
            case .upperLayer(let nextHeader, let offset) = packet.walk(as: .observer),
            nextHeader == ProtocolNumber.tcp || nextHeader == ProtocolNumber.udp
        else { return nil }
        return (nextHeader, offset)
    }

    private static func place(of nextHeader: UInt8, at offset: Int) -> VirtioNetHeader.Checksum {
        let field = nextHeader == ProtocolNumber.udp ? UDPHeader.checksumOffset : TCPHeader.Offset.checksum
        return VirtioNetHeader.Checksum(start: UInt16(clamping: offset), offset: UInt16(clamping: field))
    }

    private static func hasPseudoHeaderSum(
        _ octets: RawSpan,
        at place: VirtioNetHeader.Checksum,
        _ nextHeader: UInt8
    ) -> Bool {
        let start = Int(place.start)
        let field = start + Int(place.offset)
        guard field + 2 <= octets.byteCount else { return false }
        return octets.bigEndian(at: field, as: UInt16.self)
            == Self.pseudoHeaderSum(of: octets, from: start, nextHeader)
    }

    /// The length is what the IPv6 header says, and not how many octets there are, without extension headers.
    private static func pseudoHeaderSum(of octets: RawSpan, from start: Int, _ nextHeader: UInt8) -> UInt16 {
        let length = Int(octets.bigEndian(at: IPv6Header.Offset.payloadLength, as: UInt16.self))
        var sum = InternetChecksum()
        sum.addPseudoHeader(
            source: octets.ipv6Address(at: IPv6Header.Offset.source),
            destination: octets.ipv6Address(at: IPv6Header.Offset.destination),
            upperLayerLength: length - (start - IPv6Packet.headerLength),
            nextHeader: nextHeader
        )
        return ~sum.value
    }
}
