import Core
import Wire

extension OuterPacket {
    /// An ICMPv4 message to the PoP's outer address.
    static func icmpv4(
        type: UInt8,
        code: UInt8,
        parameter: UInt32 = 0,
        _ body: [UInt8],
        from remote: IPAddress
    ) -> OuterPacket {
        let message = written(ICMPv4Message.headerLength, before: body) {
            ICMPv4Message.encodeHeader(
                into: &$0,
                at: 0,
                type: type,
                code: code,
                parameter: parameter,
                bodyLength: body.count
            )
        }
        return OuterPacket(.icmpv4, message, OuterPath(local: Plan.popIPv4, remote: remote))
    }

    /// An ICMPv6 message to the PoP's outer address.
    static func icmpv6(
        type: UInt8,
        code: UInt8 = 0,
        parameter: UInt32 = 0,
        _ body: [UInt8],
        from remote: IPAddress
    ) -> OuterPacket {
        let message = Packet.icmpMessage(
            remote.mapped,
            Plan.popIPv6.mapped,
            type: type,
            code: code,
            parameter: parameter,
            body: body
        )
        return OuterPacket(.icmpv6, message, OuterPath(local: Plan.popIPv6, remote: remote))
    }

    /// The beginning of one of our outer packets as a router quotes it.
    ///
    /// - Parameters:
    ///   - path: The ends of the packet.
    ///   - protocolNumber: What followed its header.
    ///   - payload: What is quoted behind the header.
    ///   - size: Of the whole packet that it was, in octets.
    ///   - fragmentation: Whether routers might fragment it, over IPv4.
    /// - Returns: The header and the payload.
    static func quotation(
        along path: OuterPath,
        protocolNumber: UInt8,
        _ payload: [UInt8],
        size: Int,
        fragmentation: IPv4Header.Fragmentation = .forbidden
    ) -> [UInt8] {
        guard case (.ipv4(let local), .ipv4(let remote)) = (path.local, path.remote) else {
            let header = IPv6Header(
                payloadLength: UInt16(size - IPv6Packet.headerLength),
                nextHeader: protocolNumber,
                hopLimit: 60,
                source: path.local.mapped,
                destination: path.remote.mapped
            )
            return written(IPv6Packet.headerLength, before: payload) { header.encode(into: &$0, at: 0) }
        }
        let header = IPv4Header(
            totalLength: UInt16(size),
            fragmentation: fragmentation,
            timeToLive: 60,
            protocolNumber: protocolNumber,
            source: local,
            destination: remote
        )
        return written(20, before: payload) { header.encode(into: &$0, at: 0) }
    }
}
