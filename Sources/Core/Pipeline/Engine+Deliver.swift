internal import Wire

extension Engine {
    /// What a packet to us asks for.
    private enum Request {
        case echo(messageOffset: Int, destination: IPv6Address)
        case echoReply(ProbeReply?)
        case neighbour(target: IPv6Address)
        case reply(ICMPv6Error)
        case nothing
        case drop(DropReason)
    }

    /// Takes a packet to one of our own addresses.
    ///
    /// - Parameters:
    ///   - buffer: The packet; afterwards the answer.
    ///   - spare: Takes a second fragment.
    ///   - tid: The tunnel whose address it is for; nil for the daemon's own.
    ///   - ingress: Where the packet came from and the answer goes.
    ///   - source: The packet's source.
    ///   - now: The time.
    /// - Returns: Where the buffer goes.
    mutating func deliver(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        to tid: TID?,
        from ingress: Ingress,
        source: IPv6Address,
        _ now: Timestamp
    ) -> Output {
        switch self.request(in: buffer.packet, to: tid, from: ingress) {
        case .echo(let offset, let destination):
            buffer.makeEchoReply(messageOffset: offset, from: destination, to: source)
            return self.answer(&buffer, spare: &spare, back: ingress, now)
        case .neighbour(let target):
            buffer.makeNeighbourAdvertisement(of: target, to: source)
            return self.answer(&buffer, spare: &spare, back: ingress, now)
        case .echoReply(let reply):
            self.note(.consumed, about: ingress.tunnel)
            self.accounting.consumed &+= 1
            if let reply, let tid = ingress.tunnel { self.noteProbeReply(reply, from: tid, at: now) }
            return Output()
        case .nothing:
            self.note(.consumed, about: ingress.tunnel)
            self.accounting.consumed &+= 1
            return Output()
        case .reply(let error):
            return self.reply(
                &buffer,
                spare: &spare,
                error,
                concerning: ingress.tunnel ?? tid,
                from: ingress,
                source: source,
                now
            )
        case .drop(let reason):
            return self.drop(buffer, reason, tunnel: ingress.tunnel ?? tid, source: .ipv6(source), at: now)
        }
    }

    private func request(in octets: RawSpan, to tid: TID?, from ingress: Ingress) -> Request {
        guard let packet = try? IPv6Packet(octets) else { return .drop(.malformedPacket) }
        // From link-local addresses nothing but neighbour discovery is for us.
        if packet.source.isLinkLocalUnicast, !packet.isNeighbourDiscovery { return .drop(.impossibleSource) }
        switch packet.headerChain {
        case .routing(let offset), .beyondPacket(let offset): return .reply(.erroneousField(offset: offset))
        case .fragment: return .drop(.unsolicitedLocalPacket)
        case .unrecognizedOption(let offset, let isAnswered):
            return isAnswered ? .reply(.unrecognizedOption(offset: offset)) : .drop(.badExtensionHeader)
        case .upperLayer(ProtocolNumber.icmpv6, let offset):
            return self.icmpRequest(in: packet, at: offset, to: tid, from: ingress)
        case .upperLayer(ProtocolNumber.noNextHeader, _): return .nothing
        case .upperLayer: return .reply(.portUnreachable)
        }
    }

    private func icmpRequest(
        in packet: borrowing IPv6Packet,
        at offset: Int,
        to tid: TID?,
        from ingress: Ingress
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
            return self.solicitation(message, hopLimit: packet.hopLimit, from: ingress)
        case ICMPv6Message.MessageType.neighbourAdvertisement: return .nothing
        default:
            // An error about a packet of our own is for nobody; unknown informational messages are discarded
            // silently (RFC 4443 §2.4(b)).
            return message.isError ? .nothing : .drop(.unsolicitedLocalPacket)
        }
    }

    /// RFC 4861 §7.1.1: the hop limit is 255, so that no router forwarded it, and the code is 0.
    private func solicitation(
        _ message: borrowing ICMPv6Message,
        hopLimit: UInt8,
        from ingress: Ingress
    ) -> Request {
        guard case .tunnel(let tid) = ingress, hopLimit == 255, message.code == 0,
            let target = message.solicitedTarget,
            target == self.plan.localAddress(of: tid) || target == AddressPlan.linkLocalAddress(of: tid)
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

extension PacketBuffer {
    /// Turns an echo request into its reply: the same message, of type 129, without extension headers.
    @_lifetime(self: copy self)
    mutating func makeEchoReply(messageOffset: Int, from source: IPv6Address, to destination: IPv6Address) {
        self.removeFirst(messageOffset)
        let header: (identifier: UInt32, bodyLength: Int) = (
            self.packet.bigEndian(at: 4), self.count - ICMPv6Message.headerLength
        )
        ICMPv6Message.encodeHeader(
            into: &self.bytes,
            at: self.range.lowerBound,
            type: ICMPv6Message.MessageType.echoReply,
            code: 0,
            parameter: header.identifier,
            bodyLength: header.bodyLength,
            addresses: (source, destination)
        )
        self.prependICMPv6Header(from: source, to: destination, hopLimit: Self.icmpHopLimit)
    }

    /// Makes a neighbour advertisement: router, solicited, no link-layer address (RFC 4861 §4.4, RFC 4213 §3.8).
    @_lifetime(self: copy self)
    mutating func makeNeighbourAdvertisement(of target: IPv6Address, to destination: IPv6Address) {
        guard self.reset(to: ICMPv6Message.headerLength + 16) else { return }
        self.bytes.store(target, at: self.range.lowerBound + ICMPv6Message.headerLength)
        ICMPv6Message.encodeHeader(
            into: &self.bytes,
            at: self.range.lowerBound,
            type: ICMPv6Message.MessageType.neighbourAdvertisement,
            code: 0,
            parameter: 0xc000_0000,
            bodyLength: 16,
            addresses: (target, destination)
        )
        self.prependICMPv6Header(from: target, to: destination, hopLimit: 255)
    }
}
