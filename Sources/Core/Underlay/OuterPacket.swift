internal import Wire

/// A whole outer packet as a network shows it, taken apart as the kernel does before the daemon's sockets.
public struct OuterPacket {
    /// What the sockets would call it; nil when none of them would get it.
    public let payload: OuterPayload?
    /// What its header says.
    public let outer: OuterHeader
    /// Where the socket's part of the packet lies, in octets.
    public let range: Range<Int>

    /// Takes a packet apart; nil when it is neither IPv4 nor an IPv6 packet that could carry a tunnel's.
    public init?(_ octets: RawSpan) {
        guard octets.byteCount > 0 else { return nil }
        switch octets.bigEndian(at: 0, as: UInt8.self) >> 4 {
        case 4: self.init(ipv4: octets)
        default: self.init(ipv6: octets)
        }
    }

    private init?(ipv4 octets: RawSpan) {
        guard let packet = try? IPv4Packet(octets) else { return nil }
        self.init(
            from: .ipv4(packet.source),
            to: .ipv4(packet.destination),
            protocolNumber: packet.protocolNumber,
            trafficClass: packet.trafficClass,
            payload: packet.payload,
            range: packet.headerLength..<packet.totalLength
        )
    }

    private init?(ipv6 octets: RawSpan) {
        guard let packet = try? IPv6Packet(octets) else { return nil }
        self.init(
            from: .ipv6(packet.source),
            to: .ipv6(packet.destination),
            protocolNumber: packet.nextHeader,
            trafficClass: packet.trafficClass,
            payload: packet.payload,
            range: IPv6Packet.headerLength..<packet.totalLength
        )
    }

    private init(
        from source: IPAddress,
        to destination: IPAddress,
        protocolNumber: UInt8,
        trafficClass: UInt8,
        payload: RawSpan,
        range: Range<Int>
    ) {
        var path = OuterPath(local: destination, remote: source)
        var range = range
        self.payload =
            switch protocolNumber {
            case ProtocolNumber.ipv6: .sixInFour
            case ProtocolNumber.gre: .gre
            case ProtocolNumber.icmpv4: .icmpv4
            case ProtocolNumber.icmpv6: .icmpv6
            case ProtocolNumber.udp: Self.datagram(payload, &path, &range)
            default: nil
            }
        self.outer = OuterHeader(path: path, trafficClass: trafficClass)
        self.range = range
    }

    /// What a UDP datagram is by its port; the path gets its ports, the range loses its header.
    private static func datagram(
        _ octets: RawSpan,
        _ path: inout OuterPath,
        _ range: inout Range<Int>
    ) -> OuterPayload? {
        guard let ports = UDPDatagram.quotedPorts(octets), octets.byteCount >= UDPDatagram.headerLength else {
            return nil
        }
        path.remotePort = ports.0
        path.localPort = ports.1
        range = range.lowerBound + UDPDatagram.headerLength..<range.upperBound
        return OuterPayload(localPort: ports.1)
    }
}
