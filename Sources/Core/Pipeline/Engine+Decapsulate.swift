public import Wire

extension Engine {
    /// Takes a packet from the underlay.
    ///
    /// - Parameters:
    ///   - buffer: What stood behind the outer header, UDP's included; afterwards what is to be transmitted.
    ///   - spare: A second buffer, for an echo response beside the packet or for a second fragment.
    ///   - payload: What the packet is.
    ///   - outer: What the outer header said.
    ///   - signature: What the tunnel's secret signs an AYIYA datagram with, when that was worked out beforehand
    ///     (``addExpected(_:to:)``).
    ///   - now: The time.
    /// - Returns: Where the two buffers go.
    @inline(__always)
    public mutating func receiveFromUnderlay(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        as payload: OuterPayload,
        _ outer: OuterHeader,
        expecting signature: SHA1Digest? = nil,
        at now: Timestamp
    ) -> Output {
        self.catchUp()
        self.accounting.receivedFromUnderlay &+= 1
        if self.recognizes(buffer, as: payload, outer.trafficClass),
            let output = self.decapsulateFromCache(&buffer, as: payload, outer, expecting: signature, now)
        {
            return output
        }
        self.forwarder.decisionLog.begin(at: now)
        self.note(.enteredFromUnderlay(payload, outer.path, octets: buffer.count), about: nil)
        guard outer.isBetweenHosts else { return self.dropOfNoHost(buffer, outer, at: now) }
        switch payload {
        case .sixInFour: return self.receiveBare(&buffer, spare: &spare, as: .sixInFour, outer, now)
        case .gre: return self.receiveGRE(&buffer, spare: &spare, outer, now)
        case .ayiya: return self.receiveAYIYA(&buffer, spare: &spare, outer, expecting: signature, now)
        case .heartbeat: return self.receiveHeartbeat(buffer, outer, now)
        case .icmpv4: return self.receiveICMPv4(&buffer, spare: &spare, outer, now)
        case .icmpv6: return self.receiveICMPv6(&buffer, spare: &spare, outer, now)
        }
    }

    /// Drops what came to a group or from no single host: who answers a group answers for all who are in it, or speaks with its
    /// address.
    @inline(never)
    private mutating func dropOfNoHost(
        _ buffer: borrowing PacketBuffer,
        _ outer: OuterHeader,
        at now: Timestamp
    ) -> Output {
        let isToGroup = outer.isToGroup || outer.path.local.isGroup
        let reason: DropReason = isToGroup ? .impossibleDestination : .wrongEndpoint
        return self.drop(buffer, reason, tunnel: nil, source: outer.path.remote, at: now)
    }

    /// Takes a whole outer IPv4 packet of protocol 1, 41 or 47, as raw sockets give it.
    ///
    /// - Parameters:
    ///   - buffer: The packet, IPv4 header included; afterwards what is to be transmitted.
    ///   - spare: A second buffer, as for what came over UDP.
    ///   - isBroadcast: Whether its destination is a broadcast address, which only the kernel knows.
    ///   - now: The time.
    /// - Returns: Where the two buffers go.
    public mutating func receiveRawIPv4(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        isBroadcast: Bool = false,
        at now: Timestamp
    ) -> Output {
        let payload: OuterPayload
        var outer: OuterHeader
        let length: Int
        do {
            let packet = try IPv4Packet(buffer.packet)
            payload = OuterPayload(protocolNumber: packet.protocolNumber)
            let path = OuterPath(local: .ipv4(packet.destination), remote: .ipv4(packet.source))
            outer = OuterHeader(path: path, trafficClass: packet.trafficClass)
            outer.octetsInFront = packet.headerLength
            outer.isToGroup = isBroadcast
            length = packet.totalLength
        } catch {
            self.accounting.receivedFromUnderlay &+= 1
            return self.drop(buffer, .malformedPacket, tunnel: nil, source: .ipv6(.unspecified), at: now)
        }
        buffer.truncate(to: length)
        buffer.removeFirst(outer.octetsInFront)
        return self.receiveFromUnderlay(&buffer, spare: &spare, as: payload, outer, at: now)
    }

    private mutating func receiveGRE(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ outer: OuterHeader,
        _ now: Timestamp
    ) -> Output {
        let headerLength: Int
        do {
            headerLength = try GREPacket(buffer.packet).headerLength
        } catch {
            let reason: DropReason =
                switch error {
                case .wrongChecksum: .wrongChecksum
                case .invalidField(.protocolType): .nonIPv6Payload
                default: .malformedPacket
                }
            let tid = self.tunnel(at: outer.path.remote)
            return self.drop(buffer, reason, tunnel: tid, source: outer.path.remote, at: now)
        }
        buffer.removeFirst(headerLength)
        var outer = outer
        if outer.octetsInFront > 0 { outer.octetsInFront += headerLength }
        return self.receiveBare(&buffer, spare: &spare, as: .gre, outer, now)
    }

    /// Takes an inner packet that nothing authenticates but the outer address.
    private mutating func receiveBare(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        as encapsulation: Encapsulation,
        _ outer: OuterHeader,
        _ now: Timestamp
    ) -> Output {
        let sender: TID?
        do {
            let packet = try IPv6Packet(buffer.packet)
            let remote = outer.path.remote
            sender = self.plan.sender(from: packet.source) ?? self.linkLocalSender(of: packet, at: remote)
        } catch {
            let tid = self.tunnel(at: outer.path.remote)
            return self.drop(
                buffer,
                DropReason(inner: error),
                tunnel: tid,
                source: outer.path.remote,
                at: now
            )
        }
        self.note(.claimed(sender), about: sender)
        guard let tid = sender else { return self.refuseSpoofed(&buffer, outer, now) }
        if let reason = self.forwarder.rejection(by: tid, encapsulation, outer.path) {
            return self.refuse(&buffer, reason, tunnel: tid, outer, now)
        }
        let output = self.receiveInner(&buffer, spare: &spare, from: tid, as: encapsulation, outer, now)
        self.underlayCache.store(output, from: tid)
        return output
    }

    /// The tunnel that a bare inner packet with a link-local source comes from: the one at the outer address.
    private func linkLocalSender(of packet: borrowing IPv6Packet, at remote: IPAddress) -> TID? {
        guard packet.source.isLinkLocalUnicast else { return nil }
        // Several tunnels may share the address: the one whose own addresses are spoken to comes first.
        return self.addressee(of: packet.destination, at: remote) ?? self.tunnel(at: remote)
    }

    /// The tunnel at an outer address whose own address, or its group, a destination is; by its bits, however many are there.
    private func addressee(of destination: IPv6Address, at remote: IPAddress) -> TID? {
        if case .local(let tid) = self.plan.owner(of: destination), self.isAt(remote, tid) { return tid }
        for tid in AddressPlan.linkLocalOwners(of: destination) where self.isAt(remote, tid) { return tid }
        return nil
    }

    /// Drops a packet whose inner source belongs to no tunnel: of the tunnel it came from, when that is known.
    private mutating func refuseSpoofed(
        _ buffer: inout PacketBuffer,
        _ outer: OuterHeader,
        _ now: Timestamp
    ) -> Output {
        guard let tid = self.tunnel(at: outer.path.remote) else {
            return self.refuse(&buffer, .spoofedSource, tunnel: nil, outer, now)
        }
        let source = buffer.packet.ipv6Address(at: IPv6Header.Offset.source)
        let reason: DropReason = Forwarder.isPossibleSource(source) ? .spoofedSource : .impossibleSource
        return self.drop(buffer, reason, tunnel: tid, source: outer.path.remote, at: now)
    }

    /// Has a static tunnel answer as its last valid packet came in: 6in4 and GRE may alternate, and so may our own
    /// addresses that the user sends to.
    private mutating func followStatic(
        _ tid: TID,
        as encapsulation: Encapsulation,
        _ path: OuterPath,
        to packet: RawSpan
    ) {
        guard !self.forwarder.tunnels[tid].isDynamic,
            self.forwarder.tunnels[tid].session.encapsulation != encapsulation
                || self.forwarder.tunnels[tid].session.path != path
        else { return }
        // A packet that is only answered with an error is not valid.
        if case .unassigned = self.plan.owner(of: packet.ipv6Address(at: IPv6Header.Offset.source)) { return }
        self.changeSession(of: tid) { session in
            // It may have been moved by a configuration that this engine doesn't have yet.
            guard session.path?.remote == path.remote else { return false }
            session.encapsulation = encapsulation
            session.move(to: path)
            return true
        }
    }

    /// Takes an inner packet of a tunnel that was found in order so far.
    mutating func receiveInner(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        from tid: TID,
        as encapsulation: Encapsulation,
        _ outer: OuterHeader,
        _ now: Timestamp
    ) -> Output {
        guard buffer.combineECN(withOuter: outer.trafficClass) else {
            let source = outer.path.remote
            return self.drop(buffer, .congestionMarkOnUnawarePacket, tunnel: tid, source: source, at: now)
        }
        self.followStatic(tid, as: encapsulation, outer.path, to: buffer.packet)
        // What stands behind the inner packet is padding (RFC 4213 §3.6) and no traffic of the user's.
        if let length = try? IPv6Packet(buffer.packet).totalLength { buffer.truncate(to: length) }
        self.forwarder.tunnels[tid].traffic.ingress.count(buffer.count, at: now)
        return self.forward(&buffer, spare: &spare, from: .tunnel(tid), now)
    }
}

extension OuterPayload {
    /// What raw sockets are open for.
    fileprivate init(protocolNumber: UInt8) {
        switch protocolNumber {
        case ProtocolNumber.gre: self = .gre
        case ProtocolNumber.icmpv4: self = .icmpv4
        default: self = .sixInFour
        }
    }
}

extension AddressPlan {
    /// The tunnel that may send from an address, or nil when none may.
    fileprivate func sender(from source: IPv6Address) -> TID? {
        switch self.owner(of: source) {
        case .remote(let tid), .unassigned(let tid), .routed(let tid): tid
        case .local, .daemon, .nobody, .external: nil
        }
    }
}

extension Forwarder {
    /// Why a tunnel doesn't take a bare packet, or nil when it does.
    fileprivate func rejection(by tid: TID, _ encapsulation: Encapsulation, _ path: OuterPath) -> DropReason?
    {
        switch self.entries[tid].condition {
        case .none: return .missingTunnel
        case .disabled: return .disabledTunnel
        case .down: return .downTunnel
        case .up: break
        }
        if self.tunnels[tid].session.encapsulation == .ayiya { return .nonAYIYAPacket }
        // A heartbeat authenticates 6in4 from one address, and nothing else.
        if self.tunnels[tid].isDynamic, encapsulation != .sixInFour { return .wrongEndpoint }
        return self.tunnels[tid].session.path?.remote == path.remote ? nil : .wrongEndpoint
    }
}

extension PacketBuffer {
    /// Combines the outer ECN field with that of the inner IPv6 packet (RFC 6040 §4.2, figure 4).
    ///
    /// - Returns: Whether the packet may go on; not when congestion was marked on one that does not know ECN.
    @_lifetime(self: copy self)
    mutating func combineECN(withOuter outer: UInt8) -> Bool {
        let inner = self.innerTrafficClass & 3
        let combined: UInt8
        switch (inner, outer & 3) {
        case (0, 3): return false
        case (1, 3), (2, 3): combined = 3
        case (2, 1): combined = 1
        default: return true
        }
        let offset = self.range.lowerBound + 1
        let octet: UInt8 = self.bytes.bytes.bigEndian(at: offset)
        self.bytes.storeBigEndian(octet & ~0x30 | combined << 4, at: offset)
        return true
    }
}
