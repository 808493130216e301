internal import Wire

extension Engine {
    /// One of our outer packets, as far as an ICMP error quotes it.
    private struct Quotation {
        var path: OuterPath
        var encapsulation: Encapsulation
        /// Size of the whole packet, in octets, as its header says.
        var length: Int
        /// Whether routers might not fragment it.
        var isWhole: Bool
        /// Destination of the inner packet, when that much is quoted.
        var innerDestination: IPv6Address?
    }

    /// Takes an ICMPv4 message to the PoP's outer address.
    mutating func receiveICMPv4(
        _ buffer: borrowing PacketBuffer,
        _ outer: OuterHeader,
        _ now: Moment
    ) -> Output {
        let kind: ICMPv4Message.Kind
        var quotation: Quotation?
        do {
            let message = try ICMPv4Message(buffer.packet)
            kind = message.kind
            quotation = Self.quotation(ipv4: message.body)
            if case .echoReply = kind {
                self.notePoPReply(ProbeReply(message), from: outer.path.remote, at: now)
            }
        } catch {
            return self.drop(
                buffer,
                DropReason(message: error),
                tunnel: nil,
                source: outer.path.remote,
                at: now
            )
        }
        self.note(.consumed, about: nil)
        self.accounting.consumed &+= 1
        switch kind {
        case .echoRequest:
            let tid = self.tunnel(at: outer.path.remote)
            self.errors.record(
                .icmpv4EchoRequest,
                of: tid,
                packet: buffer.packet,
                source: outer.path.remote,
                at: now
            )
        case .fragmentationNeeded(let mtu):
            self.note(quotation, mtu: mtu, buffer, outer, now)
        case .otherError:
            self.note(quotation, mtu: nil, buffer, outer, now)
        case .echoReply, .other: break
        }
        return Output()
    }

    /// Takes an ICMPv6 message to the PoP's outer address.
    mutating func receiveICMPv6(
        _ buffer: borrowing PacketBuffer,
        _ outer: OuterHeader,
        _ now: Moment
    ) -> Output {
        let type: UInt8
        let parameter: UInt32
        let quotation: Quotation?
        do {
            let ends = (source: outer.path.remote.mapped, destination: outer.path.local.mapped)
            let message = try ICMPv6Message(buffer.packet, source: ends.source, destination: ends.destination)
            type = message.type
            parameter = message.parameter
            quotation = Self.quotation(ipv6: message.body)
            if type == ICMPv6Message.MessageType.echoReply {
                self.notePoPReply(ProbeReply(message), from: outer.path.remote, at: now)
            }
        } catch {
            return self.drop(
                buffer,
                DropReason(message: error),
                tunnel: nil,
                source: outer.path.remote,
                at: now
            )
        }
        self.note(.consumed, about: nil)
        self.accounting.consumed &+= 1
        guard type < 128 else { return Output() }
        let isTooBig = type == ICMPv6Message.MessageType.packetTooBig
        self.note(quotation, mtu: isTooBig ? Int(parameter) : nil, buffer, outer, now)
        return Output()
    }

    /// Counts an error about a packet of ours for the tunnel that sent it, and learns from it.
    private mutating func note(
        _ quotation: Quotation?,
        mtu: Int?,
        _ buffer: borrowing PacketBuffer,
        _ outer: OuterHeader,
        _ now: Moment
    ) {
        let tid = quotation.flatMap { self.tunnel(thatSent: $0) }
        self.errors.record(.icmpv4Error, of: tid, packet: buffer.packet, source: outer.path.remote, at: now)
        guard let tid, let quotation, let mtu, quotation.isWhole else { return }
        self.learnPathMTU(of: tid, reported: mtu, about: quotation.length, now)
    }

    /// The tunnel that sent a packet, in constant time: by the inner destination's bits, or by its ends.
    private func tunnel(thatSent quotation: Quotation) -> TID? {
        if let destination = quotation.innerDestination {
            switch self.plan.owner(of: destination) {
            case .remote(let tid), .routed(let tid): if self.sends(tid, quotation) { return tid }
            default: break
            }
        }
        return self.tunnel(at: quotation.path.remote, where: { self.sends($0, quotation) })
    }

    /// Whether a tunnel's packets have the ends and the encapsulation of one that is quoted.
    private func sends(_ tid: TID, _ quotation: Quotation) -> Bool {
        self.forwarder.tunnels[tid].session.path == quotation.path
            && self.forwarder.tunnels[tid].session.encapsulation == quotation.encapsulation
    }

    /// Takes a smaller path MTU over, if it can be true of a packet that we sent (RFC 5927 §7.2).
    private mutating func learnPathMTU(of tid: TID, reported: Int, about length: Int, _ now: Moment) {
        guard self.configuration.pathMTU == .dynamic, let path = self.forwarder.tunnels[tid].session.path
        else {
            return
        }
        let largest =
            Int(self.forwarder.tunnels[tid].mtu)
            + self.forwarder.tunnels[tid].session.encapsulation.overhead(toward: path.remote)
        let mtu: Int
        let minimum: Int
        switch path.remote {
        case .ipv4:
            // Routers from before RFC 1191 say 0.
            mtu = reported == 0 ? PathMTU.plateau(below: length) : reported
            minimum = PathMTU.ipv4Minimum
        case .ipv6:
            mtu = reported
            // RFC 8201 §4: anything smaller is to be discarded.
            minimum = IPv6Packet.minimumMTU
        }
        guard length <= largest, mtu < length, mtu >= minimum else { return }
        self.lowerPathMTU(of: tid, to: mtu, now)
    }

    /// Remembers a path MTU unless a smaller one is known.
    mutating func lowerPathMTU(of tid: TID, to mtu: Int, _ now: Moment) {
        let learnt = PathMTU(octets: UInt16(clamping: mtu), learntAt: now.monotonic)
        self.changeSession(of: tid) { session in
            if let known = session.pathMTU, known.octets < learnt.octets { return false }
            session.pathMTU = learnt
            return true
        }
    }

    // MARK: - Quotations

    private static func quotation(ipv4 body: RawSpan) -> Quotation? {
        guard let packet = try? IPv4Packet(quoted: body) else { return nil }
        return Self.quotation(
            from: .ipv4(packet.source),
            to: .ipv4(packet.destination),
            protocolNumber: packet.protocolNumber,
            payload: packet.payload,
            length: packet.totalLength,
            isWhole: packet.dontFragment
        )
    }

    private static func quotation(ipv6 body: RawSpan) -> Quotation? {
        // The quotation may be cut: only the fixed header must be there.
        guard body.byteCount >= IPv6Packet.headerLength else { return nil }
        return Self.quotation(
            from: .ipv6(body.ipv6Address(at: IPv6Header.Offset.source)),
            to: .ipv6(body.ipv6Address(at: IPv6Header.Offset.destination)),
            protocolNumber: body.bigEndian(at: IPv6Header.Offset.nextHeader),
            payload: body.extracting(droppingFirst: IPv6Packet.headerLength),
            length: IPv6Packet.headerLength
                + Int(body.bigEndian(at: IPv6Header.Offset.payloadLength, as: UInt16.self)),
            isWhole: true
        )
    }

    private static func quotation(
        from local: IPAddress,
        to remote: IPAddress,
        protocolNumber: UInt8,
        payload: RawSpan,
        length: Int,
        isWhole: Bool
    ) -> Quotation? {
        var path = OuterPath(local: local, remote: remote)
        let encapsulation: Encapsulation
        switch protocolNumber {
        case ProtocolNumber.ipv6: encapsulation = .sixInFour
        case ProtocolNumber.gre: encapsulation = .gre
        case ProtocolNumber.udp:
            guard let ports = UDPDatagram.quotedPorts(payload) else { return nil }
            (path.localPort, path.remotePort) = ports
            encapsulation = .ayiya
        default: return nil
        }
        let destinationOffset = encapsulation.headerLength + IPv6Header.Offset.destination
        let isQuoted = payload.byteCount >= destinationOffset + 16
        return Quotation(
            path: path,
            encapsulation: encapsulation,
            length: length,
            isWhole: isWhole,
            innerDestination: isQuoted ? payload.ipv6Address(at: destinationOffset) : nil
        )
    }
}

extension DropReason {
    /// Why something is no ICMP message.
    init(message error: DecodeError) {
        switch error {
        case .wrongChecksum: self = .wrongChecksum
        default: self = .malformedPacket
        }
    }
}
