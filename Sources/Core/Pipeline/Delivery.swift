internal import Wire

/// What is for us: echo, neighbour discovery, and what nobody here offers.
enum Delivery {
    /// What a packet to us asks for.
    private enum Request {
        case echo(messageOffset: Int, destination: IPv6Address)
        case echoReply(ProbeReply?)
        case neighbour(target: IPv6Address)
        case reply(ICMPv6Error)
        case nothing
        case drop(DropReason)
    }

    /// What comes of a packet to us.
    enum Result {
        /// The buffer holds the answer.
        case answer
        /// The packet is refused with an error.
        case reply(ICMPv6Error)
        /// There is nothing more to do.
        case finished
    }

    /// Takes a packet to one of our own addresses.
    ///
    /// - Parameters:
    ///   - buffer: The packet; afterwards the answer.
    ///   - tid: The tunnel whose address it is for; nil for the daemon's own.
    ///   - ingress: Where the packet came from and the answer goes.
    ///   - source: The packet's source.
    ///   - tables: Where the packet is counted.
    ///   - now: The time.
    /// - Returns: What comes of it.
    static func deliver(
        _ buffer: inout PacketBuffer,
        to tid: TID?,
        from ingress: Ingress,
        source: IPv6Address,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Result {
        switch Self.request(in: buffer.packet, to: tid, from: ingress, tables.forwarding.plan) {
        case .echo(let offset, let destination):
            buffer.makeEchoReply(messageOffset: offset, from: destination, to: source)
            return .answer
        case .neighbour(let target):
            buffer.makeNeighbourAdvertisement(of: target, to: source)
            return .answer
        case .echoReply(let reply):
            tables.note(.consumed, about: ingress.tunnel)
            tables.accounting.consumed &+= 1
            if let reply, let tid = ingress.tunnel { Probing.noteReply(reply, from: tid, &tables, now) }
            return .finished
        case .nothing:
            tables.note(.consumed, about: ingress.tunnel)
            tables.accounting.consumed &+= 1
            return .finished
        case .reply(let error): return .reply(error)
        case .drop(let reason):
            _ = tables.drop(buffer, reason, tunnel: ingress.tunnel ?? tid, source: .ipv6(source), at: now)
            return .finished
        }
    }

    /// What a packet asks for.
    private static func request(
        in octets: RawSpan,
        to tid: TID?,
        from ingress: Ingress,
        _ plan: AddressPlan
    ) -> Request {
        guard let packet = try? IPv6Packet(octets) else { return .drop(.malformedPacket) }
        // From link-local addresses nothing but neighbour discovery is for us.
        if packet.source.isLinkLocalUnicast, !packet.isNeighbourDiscovery { return .drop(.impossibleSource) }
        switch packet.headerChain {
        case .routing(let offset), .beyondPacket(let offset): return .reply(.erroneousField(offset: offset))
        case .fragment: return .drop(.unsolicitedLocalPacket)
        case .unrecognizedOption(let offset, let isAnswered):
            return isAnswered ? .reply(.unrecognizedOption(offset: offset)) : .drop(.badExtensionHeader)
        case .upperLayer(ProtocolNumber.icmpv6, let offset):
            return Self.icmpRequest(in: packet, at: offset, to: tid, from: ingress, plan)
        case .upperLayer(ProtocolNumber.noNextHeader, _): return .nothing
        case .upperLayer: return .reply(.portUnreachable)
        }
    }

    private static func icmpRequest(
        in packet: borrowing IPv6Packet,
        at offset: Int,
        to tid: TID?,
        from ingress: Ingress,
        _ plan: AddressPlan
    ) -> Request {
        let message: ICMPv6Message
        do {
            let octets = packet.octets.extracting(droppingFirst: offset)
            message = try ICMPv6Message(octets, source: packet.source, destination: packet.destination)
        } catch {
            return .drop(error == .wrongChecksum ? .wrongChecksum : .malformedPacket)
        }
        switch message.type {
        case ICMPv6Message.MessageType.echoRequest:
            // Never answered to a group (RFC 4443 §4.2 allows it; a PoP's groups are for neighbour discovery only).
            guard !packet.destination.isMulticast else { return .drop(.unsolicitedLocalPacket) }
            return .echo(messageOffset: offset, destination: packet.destination)
        case ICMPv6Message.MessageType.echoReply: return .echoReply(ProbeReply(message))
        case ICMPv6Message.MessageType.neighbourSolicitation:
            return Self.solicitation(message, hopLimit: packet.hopLimit, from: ingress, plan)
        case ICMPv6Message.MessageType.neighbourAdvertisement: return .nothing
        default:
            // An error about a packet of our own is for nobody; unknown informational messages are discarded
            // silently (RFC 4443 §2.4(b)).
            return message.isError ? .nothing : .drop(.unsolicitedLocalPacket)
        }
    }

    /// RFC 4861 §7.1.1: the hop limit is 255, so that no router forwarded it, and the code is 0.
    private static func solicitation(
        _ message: borrowing ICMPv6Message,
        hopLimit: UInt8,
        from ingress: Ingress,
        _ plan: AddressPlan
    ) -> Request {
        guard case .tunnel(let tid) = ingress, hopLimit == 255, message.code == 0,
            let target = message.solicitedTarget,
            target == plan.localAddress(of: tid) || target == AddressPlan.linkLocalAddress(of: tid)
        else { return .drop(.unsolicitedLocalPacket) }
        return .neighbour(target: target)
    }
}

extension IPv6Packet {
    /// Whether the packet is a neighbour solicitation or advertisement, right behind the fixed header.
    fileprivate var isNeighbourDiscovery: Bool {
        guard self.nextHeader == ProtocolNumber.icmpv6, self.payload.byteCount > 0 else { return false }
        switch self.payload.bigEndian(at: 0, as: UInt8.self) {
        case ICMPv6Message.MessageType.neighbourSolicitation,
            ICMPv6Message.MessageType.neighbourAdvertisement:
            return true
        default: return false
        }
    }
}
