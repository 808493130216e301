import Core
import Wire

/// Inner packets, made by Wire's writers.
enum Packet {
    /// An IPv6 packet around a payload.
    static func ipv6(
        _ source: IPv6Address,
        _ destination: IPv6Address,
        nextHeader: UInt8 = ProtocolNumber.noNextHeader,
        hopLimit: UInt8 = 64,
        trafficClass: UInt8 = 0,
        _ payload: [UInt8] = []
    ) -> [UInt8] {
        let header = IPv6Header(
            trafficClass: trafficClass,
            payloadLength: UInt16(payload.count),
            nextHeader: nextHeader,
            hopLimit: hopLimit,
            source: source,
            destination: destination
        )
        return written(IPv6Packet.headerLength, before: payload) { header.encode(into: &$0, at: 0) }
    }

    /// A UDP packet of a size in all, its IPv6 header included.
    static func udp(
        _ source: IPv6Address,
        _ destination: IPv6Address,
        size: Int = 60,
        hopLimit: UInt8 = 64,
        trafficClass: UInt8 = 0
    ) -> [UInt8] {
        let payload = (0..<max(0, size - 48)).map { UInt8(truncatingIfNeeded: $0) }
        let datagram = written(UDPDatagram.headerLength, before: payload) {
            UDPHeader.encode(
                into: &$0,
                at: 0,
                payloadLength: payload.count,
                ports: (33434, 53),
                addresses: (source, destination)
            )
        }
        return Self.ipv6(
            source,
            destination,
            nextHeader: ProtocolNumber.udp,
            hopLimit: hopLimit,
            trafficClass: trafficClass,
            datagram
        )
    }

    /// An ICMPv6 message without its IPv6 header.
    static func icmpMessage(
        _ source: IPv6Address,
        _ destination: IPv6Address,
        type: UInt8,
        code: UInt8 = 0,
        parameter: UInt32 = 0,
        body: [UInt8] = []
    ) -> [UInt8] {
        written(ICMPv6Message.headerLength, before: body) {
            ICMPv6Message.encodeHeader(
                into: &$0,
                at: 0,
                type: type,
                code: code,
                parameter: parameter,
                bodyLength: body.count,
                addresses: (source, destination)
            )
        }
    }

    /// A packet with an ICMPv6 message.
    static func icmp(
        _ source: IPv6Address,
        _ destination: IPv6Address,
        type: UInt8,
        code: UInt8 = 0,
        parameter: UInt32 = 0,
        hopLimit: UInt8 = 64,
        body: [UInt8] = []
    ) -> [UInt8] {
        let message = Self.icmpMessage(
            source,
            destination,
            type: type,
            code: code,
            parameter: parameter,
            body: body
        )
        return Self.ipv6(source, destination, nextHeader: ProtocolNumber.icmpv6, hopLimit: hopLimit, message)
    }

    /// An echo request of a size in all.
    static func ping(_ source: IPv6Address, _ destination: IPv6Address, size: Int = 56) -> [UInt8] {
        let body = (0..<max(0, size - 48)).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        return Self.icmp(source, destination, type: 128, parameter: 0x1234_0001, body: body)
    }

    /// A neighbour solicitation.
    static func solicitation(
        _ source: IPv6Address,
        _ destination: IPv6Address,
        target: IPv6Address,
        hopLimit: UInt8 = 255,
        code: UInt8 = 0,
        options: [UInt8] = []
    ) -> [UInt8] {
        let body = target.octets + options
        return Self.icmp(source, destination, type: 135, code: code, hopLimit: hopLimit, body: body)
    }
}

extension IPv6Address {
    /// The 16 octets in network order.
    var octets: [UInt8] {
        [self.high, self.low].flatMap { half in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: half >> UInt64($0)) }
        }
    }
}
