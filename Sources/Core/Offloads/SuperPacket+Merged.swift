public import Wire

// TCP inside protocol 41 that the receiving link put together (GRO) before a raw socket saw it.
extension SuperPacket {
    /// Says how to cut up a packet that the receiving link merged.
    ///
    /// Such a packet has the sum of the pseudo-header in place of TCP's checksum, as what the kernel leaves to a device has.
    /// What it doesn't have is the size of its segments: they become as large as the tunnel's packets may be, which is what
    /// TCP makes them where there is much to send. A right packet that has this value by chance comes out as it went in.
    ///
    /// - Parameters:
    ///   - octets: An inner packet, of any octets at all.
    ///   - mtu: Size of the largest packet of its tunnel, in octets.
    /// - Returns: What ``init(_:_:)`` wants; nil for a packet that is as its sender sent it.
    public static func mergeHeader(of octets: RawSpan, mtu: Int) -> OffloadHeader? {
        guard Self.isMerged(octets) else { return nil }
        let tcp = IPv6Packet.headerLength
        let dataOffset: UInt8 = octets.bigEndian(at: tcp + TCPHeader.Offset.dataOffset)
        let headerLength = tcp + 4 * Int(dataOffset >> 4)
        return OffloadHeader(
            segmentation: .tcpOverIPv6,
            headerLength: UInt16(clamping: headerLength),
            segmentSize: UInt16(clamping: max(mtu - headerLength, 1)),
            checksum: OffloadHeader.Checksum(start: UInt16(tcp), offset: UInt16(TCPHeader.Offset.checksum))
        )
    }

    /// Whether an inner packet has only the sum of the pseudo-header for a checksum of TCP.
    public static func isMerged(_ octets: RawSpan) -> Bool {
        let tcp = IPv6Packet.headerLength
        guard octets.byteCount > tcp + TCPHeader.minimumLength,
            octets.bigEndian(at: IPv6Header.Offset.nextHeader, as: UInt8.self) == ProtocolNumber.tcp,
            octets.bigEndian(at: 0, as: UInt8.self) >> 4 == 6
        else { return false }
        let field: UInt16 = octets.bigEndian(at: tcp + TCPHeader.Offset.checksum)
        var sum = InternetChecksum()
        sum.addPseudoHeader(
            source: octets.ipv6Address(at: IPv6Header.Offset.source),
            destination: octets.ipv6Address(at: IPv6Header.Offset.destination),
            upperLayerLength: Int(octets.bigEndian(at: IPv6Header.Offset.payloadLength, as: UInt16.self)),
            nextHeader: ProtocolNumber.tcp
        )
        return field == ~sum.value
    }
}

extension Engine {
    /// Size of the largest packet that the tunnel sends from an address, in octets; IPv6's smallest MTU when it is no
    /// tunnel's.
    public mutating func largestPacket(from source: IPv6Address) -> Int {
        switch self.forwarder.plan.owner(of: source) {
        case .remote(let tid), .unassigned(let tid), .routed(let tid): Int(self.forwarder.tunnels[tid].mtu)
        case .local, .daemon, .nobody, .outside: IPv6Packet.minimumMTU
        }
    }
}
