internal import Wire

extension Engine {
    /// Takes a packet from the outer side.
    ///
    /// - Parameters:
    ///   - buffer: What stood behind the outer header, UDP's included; afterwards what is to be transmitted.
    ///   - echo: A buffer for an echo response, when the packet is also forwarded.
    ///   - payload: What the packet is.
    ///   - outer: What the outer header said.
    ///   - now: The time.
    /// - Returns: Where the two buffers go.
    public mutating func receiveFromOutside(
        _ buffer: inout PacketBuffer,
        echo: inout PacketBuffer,
        as payload: OuterPayload,
        _ outer: OuterHeader,
        at now: Moment
    ) -> Output {
        self.accounting.receivedFromOutside &+= 1
        switch payload {
        case .sixInFour: return self.receiveBare(&buffer, as: .sixInFour, outer, now)
        case .gre: return self.receiveGRE(&buffer, outer, now)
        case .ayiya: return self.receiveAYIYA(&buffer, echo: &echo, outer, now)
        case .heartbeat: return self.receiveHeartbeat(buffer, outer, now)
        }
    }

    /// Takes a whole outer IPv4 packet, as raw sockets give it.
    ///
    /// - Parameters:
    ///   - buffer: The packet, IPv4 header included.
    ///   - echo: As above.
    ///   - now: The time.
    /// - Returns: Where the two buffers go.
    public mutating func receiveRawIPv4(
        _ buffer: inout PacketBuffer,
        echo: inout PacketBuffer,
        at now: Moment
    ) -> Output {
        let payload: OuterPayload
        let outer: OuterHeader
        let lengths: (header: Int, total: Int)
        do {
            let packet = try IPv4Packet(buffer.packet)
            payload = packet.protocolNumber == ProtocolNumber.gre ? .gre : .sixInFour
            let path = OuterPath(local: .ipv4(packet.destination), remote: .ipv4(packet.source))
            outer = OuterHeader(path: path, trafficClass: packet.trafficClass)
            lengths = (packet.headerLength, packet.totalLength)
        } catch {
            self.accounting.receivedFromOutside &+= 1
            return self.drop(buffer, .malformedPacket, tunnel: nil, source: .ipv6(.unspecified), at: now)
        }
        buffer.truncate(to: lengths.total)
        buffer.removeFirst(lengths.header)
        return self.receiveFromOutside(&buffer, echo: &echo, as: payload, outer, at: now)
    }

    private mutating func receiveGRE(
        _ buffer: inout PacketBuffer,
        _ outer: OuterHeader,
        _ now: Moment
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
            return self.drop(buffer, reason, tunnel: nil, source: outer.path.remote, at: now)
        }
        buffer.removeFirst(headerLength)
        return self.receiveBare(&buffer, as: .gre, outer, now)
    }

    /// Takes an inner packet that nothing authenticates but the outer address.
    private mutating func receiveBare(
        _ buffer: inout PacketBuffer,
        as encapsulation: Encapsulation,
        _ outer: OuterHeader,
        _ now: Moment
    ) -> Output {
        let sender: TID?
        do {
            let packet = try IPv6Packet(buffer.packet)
            sender = self.sender(of: packet)
        } catch {
            let reason: DropReason =
                if case .unsupportedVersion = error { .nonIPv6Payload } else { .malformedPacket }
            return self.drop(buffer, reason, tunnel: nil, source: outer.path.remote, at: now)
        }
        guard let tid = sender else {
            return self.drop(buffer, .spoofedSource, tunnel: nil, source: outer.path.remote, at: now)
        }
        if let reason = self.objection(to: tid, encapsulation, outer.path) {
            return self.drop(buffer, reason, tunnel: tid, source: outer.path.remote, at: now)
        }
        if !self.tunnels[tid].isDynamic {
            // RFC 4213 and GRE may alternate on a static tunnel; answers go out as the last packet came in.
            self.tunnels[tid].encapsulation = encapsulation
            self.tunnels[tid].path = outer.path
        }
        return self.receiveInner(&buffer, from: tid, outer, now)
    }

    /// The tunnel that a bare inner packet claims to come from: its source's, or with a link-local source the one
    /// whose address it is sent to.
    private func sender(of packet: borrowing IPv6Packet) -> TID? {
        switch self.plan.owner(of: packet.source) {
        case .local(let tid), .remote(let tid), .unassigned(let tid), .routed(let tid): return tid
        case .daemon, .nobody: return nil
        case .outside: break
        }
        guard packet.source.isLinkLocalUnicast else { return nil }
        switch self.plan.owner(of: packet.destination) {
        case .local(let tid): return tid
        default: return AddressPlan.tid(ofLinkLocal: packet.destination)
        }
    }

    /// Why a tunnel doesn't take a bare packet, or nil when it does.
    private func objection(to tid: TID, _ encapsulation: Encapsulation, _ path: OuterPath) -> DropReason? {
        switch self.tunnels[tid].condition {
        case .none: return .missingTunnel
        case .disabled: return .disabledTunnel
        case .down: return .downTunnel
        case .up: break
        }
        if self.tunnels[tid].encapsulation == .ayiya { return .nonAYIYAPacket }
        // A heartbeat authenticates 6in4 from one address, and nothing else.
        if self.tunnels[tid].isDynamic, encapsulation != .sixInFour { return .wrongEndpoint }
        return self.tunnels[tid].path?.remote == path.remote ? nil : .wrongEndpoint
    }

    /// Takes an inner packet of a tunnel that was found in order so far.
    mutating func receiveInner(
        _ buffer: inout PacketBuffer,
        from tid: TID,
        _ outer: OuterHeader,
        _ now: Moment
    ) -> Output {
        guard buffer.combineECN(withOuter: outer.trafficClass) else {
            let source = outer.path.remote
            return self.drop(buffer, .congestionMarkOnUnawarePacket, tunnel: tid, source: source, at: now)
        }
        self.tunnels[tid].traffic.ingress.count(buffer.count, at: now)
        return self.forward(&buffer, from: .tunnel(tid), now)
    }
}

extension AddressPlan {
    /// The tunnel whose link-local address, or that address's solicited-node group, this is.
    static func tid(ofLinkLocal address: IPv6Address) -> TID? {
        guard let tid = TID(rawValue: UInt16(truncatingIfNeeded: address.low >> 16)) else { return nil }
        return Self.linkLocalAddress(of: tid) == address ? tid : nil
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
