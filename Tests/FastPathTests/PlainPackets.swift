import TestSupport
import Wire

/// Headers of Ethernet as BPF_PROG_TEST_RUN wants them in front of every packet.
enum Ethernet {
    static let headerLength = 14

    /// In front of IPv4 to the loopback device, which all of this is said to arrive on.
    static let ipv4 = [UInt8](repeating: 0, count: 12) + [0x08, 0x00]
    /// In front of IPv6.
    static let ipv6 = [UInt8](repeating: 0, count: 12) + [0x86, 0xdd]
    /// In front of IPv6 to somebody else.
    static let elsewhere6 = [2, 0, 0, 0, 0, 9] + [UInt8](repeating: 0, count: 6) + [0x86, 0xdd]
    /// In front of IPv4 to somebody else.
    static let elsewhere = [2, 0, 0, 0, 0, 9] + [UInt8](repeating: 0, count: 6) + [0x08, 0x00]
}

/// An IPv6 packet whose fields a test sets.
struct InnerPacket {
    var source: IPv6Address
    var destination: IPv6Address
    var size = 72
    var trafficClass: UInt8 = 0
    var flowLabel: UInt32 = 0
    var nextHeader = ProtocolNumber.noNextHeader
    var hopLimit: UInt8 = 64
    /// The first octet of what stands behind the fixed header, and all others.
    var filling: UInt8 = 0x50

    var octets: [UInt8] {
        let header = IPv6Header(
            trafficClass: self.trafficClass,
            flowLabel: self.flowLabel,
            payloadLength: UInt16(self.size - IPv6Packet.headerLength),
            nextHeader: self.nextHeader,
            hopLimit: self.hopLimit,
            source: self.source,
            destination: self.destination
        )
        var octets = [UInt8](repeating: self.filling, count: self.size)
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        header.encode(into: &bytes, at: 0)
        return octets
    }
}

/// An IPv4 packet around an inner one, whose fields a test sets.
struct OuterPacketFields {
    var source: IPv4Address
    var destination: IPv4Address
    var trafficClass: UInt8 = 0
    var fragmentation = IPv4Header.Fragmentation.forbidden
    var timeToLive: UInt8 = 64
    var protocolNumber = ProtocolNumber.ipv6

    /// A packet of GRE.
    static func gre(
        from source: IPv4Address,
        to destination: IPv4Address,
        header: [UInt8] = [0, 0, 0x86, 0xdd],
        around inner: [UInt8]
    ) -> [UInt8] {
        var outer = OuterPacketFields(source: source, destination: destination)
        outer.protocolNumber = ProtocolNumber.gre
        return outer.octets(around: header + inner)
    }

    func octets(around inner: [UInt8]) -> [UInt8] {
        let header = IPv4Header(
            trafficClass: self.trafficClass,
            totalLength: UInt16(IPv4Packet.minimumHeaderLength + inner.count),
            fragmentation: self.fragmentation,
            timeToLive: self.timeToLive,
            protocolNumber: self.protocolNumber,
            source: self.source,
            destination: self.destination
        )
        var octets = [UInt8](repeating: 0, count: IPv4Packet.minimumHeaderLength) + inner
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        header.encode(into: &bytes, at: 0)
        return octets
    }
}

/// An IPv6 packet around an inner one, whose fields a test sets.
struct OuterIPv6Fields {
    var source: IPv6Address
    var destination: IPv6Address
    var trafficClass: UInt8 = 0
    var flowLabel: UInt32 = 0
    var nextHeader = ProtocolNumber.ipv6
    var hopLimit: UInt8 = 64

    func octets(around inner: [UInt8]) -> [UInt8] {
        let header = IPv6Header(
            trafficClass: self.trafficClass,
            flowLabel: self.flowLabel,
            payloadLength: UInt16(inner.count),
            nextHeader: self.nextHeader,
            hopLimit: self.hopLimit,
            source: self.source,
            destination: self.destination
        )
        var octets = [UInt8](repeating: 0, count: IPv6Packet.headerLength) + inner
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        header.encode(into: &bytes, at: 0)
        return octets
    }
}

extension [UInt8] {
    /// The same IPv4 packet with a right checksum.
    func summed() -> [UInt8] {
        var octets = self
        let length = Swift.min(Int(octets[0] & 0xf) * 4, octets.count)
        octets[10] = 0
        octets[11] = 0
        var checksum = InternetChecksum()
        checksum.add(octets.span.bytes.extracting(first: length))
        octets[10] = UInt8(checksum.value >> 8)
        octets[11] = UInt8(truncatingIfNeeded: checksum.value)
        return octets
    }
}
