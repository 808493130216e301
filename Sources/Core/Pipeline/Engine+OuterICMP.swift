internal import Wire

extension Engine {
    /// One of our outer packets, as far as an ICMP error quotes it.
    private struct Quotation {
        var path: OuterPath
        var encapsulation: Encapsulation
        /// Size of the whole packet, in octets, as its header says.
        var length: Int
        /// What it carried that only who saw it can know; nil where routers might fragment it.
        var mark: Mark?
        /// Destination of the inner packet, when that much is quoted.
        var innerDestination: IPv6Address?
        /// What stands where a packet that tries a path has its nonce, when that much is quoted.
        var nonce: UInt64?
    }

    /// What shows that an outer packet is one of ours.
    fileprivate enum Mark {
        case identification(UInt16)
        case flowLabel(UInt32)
    }

    /// Takes an ICMPv4 message to the PoP's outer address.
    mutating func receiveICMPv4(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ outer: OuterHeader,
        _ now: Timestamp
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
            return self.note(quotation, mtu: mtu, &buffer, spare: &spare, outer, now)
        case .otherError:
            return self.note(quotation, mtu: nil, &buffer, spare: &spare, outer, now)
        case .echoReply, .other: break
        }
        return Output()
    }

    /// Takes an ICMPv6 message to the PoP's outer address.
    mutating func receiveICMPv6(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ outer: OuterHeader,
        _ now: Timestamp
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
        return self.note(
            quotation,
            mtu: isTooBig ? Int(parameter) : nil,
            &buffer,
            spare: &spare,
            outer,
            now
        )
    }

    /// Counts an error about a packet of ours for the tunnel that sent it, and learns from it.
    ///
    /// - Returns: Where a packet goes that tries the path; mostly nowhere.
    private mutating func note(
        _ quotation: Quotation?,
        mtu: Int?,
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ outer: OuterHeader,
        _ now: Timestamp
    ) -> Output {
        let tid = quotation.flatMap { self.tunnel(thatSent: $0) }
        self.errors.record(.icmpv4Error, of: tid, packet: buffer.packet, source: outer.path.remote, at: now)
        // What our own kernel refuses, it says when it does.
        guard let tid, let quotation, let mark = quotation.mark, outer.path.remote != quotation.path.local,
            let mtu = mtu.flatMap({ self.possible($0, about: quotation, of: tid, now) })
        else { return Output() }
        if self.isProven(quotation, mark, of: tid, now) {
            self.lowerPathMTU(of: tid, to: mtu)
            return Output()
        }
        let known = self.forwarder.tunnels[tid].session.pathMTU.map { Int($0.octets) } ?? .max
        return self.tryPath(of: tid, with: min(quotation.length, known), &buffer, spare: &spare, now)
    }

    /// Whether a packet that an error quotes was sent by a tunnel (RFC 5927 §7.2).
    private func isProven(_ quotation: Quotation, _ mark: Mark, of tid: TID, _ now: Timestamp) -> Bool {
        let slot = PathEvidence.slot(at: now)
        let slots: InlineArray<2, PathEvidence.Slot> = [slot, slot &- 1]
        for index in slots.indices
        where quotation.nonce == self.evidence.nonce(of: tid, in: slots[index]) { return true }
        for index in slots.indices where self.evidence.accepts(mark, of: tid, in: slots[index]) {
            return !self.sessions.isGuessing(about: tid, in: slot)
        }
        if !mark.isKernels { self.sessions.noteGuess(about: tid, in: slot) }
        return false
    }

    /// The tunnel that sent a packet, in constant time: by the inner destination's bits, or by its ends.
    private func tunnel(thatSent quotation: Quotation) -> TID? {
        if let destination = quotation.innerDestination {
            switch self.plan.owner(of: destination) {
            case .remote(let tid), .routed(let tid): if self.sends(tid, quotation) { return tid }
            default: break
            }
        }
        let tid = self.endpoints.sender(along: quotation.path, quotation.encapsulation)
        return tid.flatMap { self.sends($0, quotation) ? $0 : nil }
    }

    /// Whether a tunnel's packets have the ends and the encapsulation of one that is quoted.
    private func sends(_ tid: TID, _ quotation: Quotation) -> Bool {
        self.forwarder.tunnels[tid].session.path == quotation.path
            && self.forwarder.tunnels[tid].session.encapsulation == quotation.encapsulation
    }

    /// The path MTU that an error says, if it can be true of a packet that we sent, and is news.
    private func possible(
        _ reported: Int,
        about quotation: Quotation,
        of tid: TID,
        _ now: Timestamp
    ) -> PathMTU? {
        let session = self.forwarder.tunnels[tid].session
        guard self.configuration.pathMTU == .dynamic, let path = session.path else { return nil }
        let largest =
            Int(self.forwarder.tunnels[tid].mtu) + session.encapsulation.overhead(toward: path.remote)
        let mtu: Int
        let floor: Int
        switch path.remote {
        case .ipv4:
            // Routers from before RFC 1191 say 0.
            mtu = reported == 0 ? PathMTU.plateau(below: quotation.length) : reported
            guard mtu >= PathMTU.ipv4Minimum else { return nil }
            floor = PathMTU.ipv4Floor
        case .ipv6:
            // RFC 8201 §4: anything smaller than the least is to be discarded.
            guard reported >= IPv6Packet.minimumMTU else { return nil }
            mtu = reported
            floor = IPv6Packet.minimumMTU
        }
        guard quotation.length <= largest, mtu < quotation.length else { return nil }
        let news = PathMTU(
            octets: UInt16(clamping: max(mtu, floor)),
            isNarrower: mtu < floor,
            learntAt: now.monotonic
        )
        return news.isNews(after: session.pathMTU) ? news : nil
    }

    /// Remembers a path MTU unless a smaller one is known.
    mutating func lowerPathMTU(of tid: TID, to mtu: PathMTU) {
        self.changeSession(of: tid) { session in
            guard mtu.isNews(after: session.pathMTU) else { return false }
            session.pathMTU = mtu
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
            mark: packet.dontFragment ? .identification(packet.identification) : nil
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
            mark: .flowLabel(body.bigEndian(at: 0, as: UInt32.self) & 0xf_ffff)
        )
    }

    private static func quotation(
        from local: IPAddress,
        to remote: IPAddress,
        protocolNumber: UInt8,
        payload: RawSpan,
        length: Int,
        mark: Mark?
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
            mark: mark,
            innerDestination: isQuoted ? payload.ipv6Address(at: destinationOffset) : nil,
            nonce: Self.nonce(in: payload, behind: encapsulation.headerLength)
        )
    }

    /// What stands where a packet that tries a path has its nonce, if it is an echo request and that much is quoted.
    private static func nonce(in payload: RawSpan, behind headerLength: Int) -> UInt64? {
        let offset = headerLength + Self.nonceOffset
        guard payload.byteCount >= offset + 8,
            payload.bigEndian(at: headerLength + IPv6Header.Offset.nextHeader, as: UInt8.self)
                == ProtocolNumber.icmpv6,
            payload.bigEndian(at: headerLength + IPv6Packet.headerLength, as: UInt8.self)
                == ICMPv6Message.MessageType.echoRequest
        else { return nil }
        return payload.bigEndian(at: offset)
    }
}

extension Engine.Mark {
    /// Whether the kernel may have written it, in front of datagrams that were sent as one message.
    fileprivate var isKernels: Bool {
        switch self {
        case .identification(let identification): PathEvidence.isKernels(identification)
        case .flowLabel(let label): label == 0
        }
    }
}

extension PathEvidence {
    /// Whether a mark is the one that a tunnel's packets carried.
    fileprivate func accepts(_ mark: Engine.Mark, of tid: TID, in slot: Slot) -> Bool {
        switch mark {
        case .identification(let identification): identification == self.identification(of: tid, in: slot)
        case .flowLabel(let label): label == self.flowLabel(of: tid)
        }
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
