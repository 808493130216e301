internal import Wire

extension Engine {
    /// Takes a packet that the kernel routed into the TUN device.
    ///
    /// - Parameters:
    ///   - buffer: The packet; afterwards what is to be transmitted.
    ///   - spare: A second buffer, for a second fragment.
    ///   - now: The time.
    /// - Returns: Where the two buffers go.
    public mutating func receiveFromUplink(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        at now: Timestamp
    ) -> Output {
        self.catchUp()
        self.accounting.receivedFromUplink &+= 1
        self.uplinkTraffic.ingress.count(buffer.count, at: now)
        guard let header = InnerHeader(buffer.packet, at: 0), self.uplinkCache.recognizes(header) else {
            return self.decideFromUplink(&buffer, spare: &spare, now)
        }
        if let output = self.encapsulateFromCache(&buffer, now) { return output }
        let length = buffer.count
        let output = self.decideFromUplink(&buffer, spare: &spare, now)
        self.storeFlow(output, buffer, behind: buffer.count - length, now)
        return output
    }

    @inline(__always)
    private mutating func decideFromUplink(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ now: Timestamp
    ) -> Output {
        self.forwarder.decisionLog.begin(at: now)
        self.note(.enteredFromUplink(octets: buffer.count), about: nil)
        return self.forward(&buffer, spare: &spare, from: .uplink, now)
    }

    /// Counts what the kernel routed into the TUN device and can't be cut up into packets.
    ///
    /// - Parameters:
    ///   - buffer: What it is.
    ///   - now: The time.
    /// - Returns: That nothing is transmitted.
    public mutating func refuseFromUplink(_ buffer: borrowing PacketBuffer, at now: Timestamp) -> Output {
        self.forwarder.decisionLog.begin(at: now)
        self.note(.enteredFromUplink(octets: buffer.count), about: nil)
        self.accounting.receivedFromUplink &+= 1
        self.uplinkTraffic.ingress.count(buffer.count, at: now)
        return self.drop(buffer, .malformedPacket, tunnel: nil, source: .ipv6(.unspecified), at: now)
    }

    /// Takes an inner packet whose outer header was found in order, or one from the uplink, and sends it on.
    mutating func forward(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        from ingress: Ingress,
        _ now: Timestamp
    ) -> Output {
        let verdict: Verdict
        let source: IPv6Address
        let length: Int
        do {
            let packet = try IPv6Packet(buffer.packet)
            self.note(.inner(packet), about: ingress.tunnel)
            verdict = self.forwarder.verdict(for: packet, from: ingress)
            if !self.forwarder.decisionLog.isOpen, let tid = verdict.tunnel, ingress != .tunnel(tid) {
                // Nobody knew before that the packet concerns this tunnel.
                self.note(.inner(packet), about: tid)
            }
            self.note(.verdict(verdict), about: ingress.tunnel ?? verdict.tunnel)
            source = packet.source
            length = packet.totalLength
        } catch {
            let source = IPAddress.ipv6(.unspecified)
            return self.drop(
                buffer,
                DropReason(inner: error),
                tunnel: ingress.tunnel,
                source: source,
                at: now
            )
        }
        buffer.truncate(to: length)
        return self.apply(verdict, &buffer, spare: &spare, from: ingress, source: source, now)
    }

    private mutating func apply(
        _ verdict: Verdict,
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        from ingress: Ingress,
        source: IPv6Address,
        _ now: Timestamp
    ) -> Output {
        switch verdict {
        case .encapsulate(let tid):
            if ingress != .uplink { buffer.decrementHopLimit() }
            self.accounting.forwarded &+= 1
            return self.encapsulate(&buffer, spare: &spare, into: tid, .forwarded, now)
        case .transmitToUplink:
            buffer.decrementHopLimit()
            self.accounting.forwarded &+= 1
            return self.transmitToUplink(buffer, .forwarded, from: ingress, now)
        case .deliver(let tid):
            return self.deliver(&buffer, spare: &spare, to: tid, from: ingress, source: source, now)
        case .reply(let error, let tid):
            return self.reply(
                &buffer,
                spare: &spare,
                error,
                concerning: tid,
                from: ingress,
                source: source,
                now
            )
        case .drop(.impossibleSource) where ingress == .uplink && Self.isForGroup(buffer):
            // The host's own word to the device's link (multicast listener reports): no router forwards such a packet.
            self.note(.dropped(.impossibleSource), about: nil)
            self.accounting.drop(.impossibleSource)
            return Output()
        case .drop(let reason):
            return self.drop(buffer, reason, tunnel: ingress.tunnel, source: .ipv6(source), at: now)
        }
    }

    private static func isForGroup(_ buffer: borrowing PacketBuffer) -> Bool {
        buffer.packet.ipv6Address(at: IPv6Header.Offset.destination).isMulticast
    }

    /// Hands a packet to the kernel.
    private mutating func transmitToUplink(
        _ buffer: borrowing PacketBuffer,
        _ origin: Output.Origin,
        from ingress: Ingress,
        _ now: Timestamp
    ) -> Output {
        self.note(.sentToUplink(octets: buffer.count), about: ingress.tunnel)
        self.uplinkTraffic.egress.count(buffer.count, at: now)
        return Output(packet: .uplink(origin))
    }

    /// Sends a packet of our own back to where another came from.
    mutating func answer(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        back ingress: Ingress,
        _ now: Timestamp
    ) -> Output {
        self.note(.answered, about: ingress.tunnel)
        self.accounting.answered &+= 1
        switch ingress {
        case .uplink: return self.transmitToUplink(buffer, .own, from: ingress, now)
        case .tunnel(let tid): return self.encapsulate(&buffer, spare: &spare, into: tid, .own, now)
        }
    }
}

extension Ingress {
    /// The tunnel, or nil for the uplink.
    var tunnel: TID? {
        switch self {
        case .uplink: nil
        case .tunnel(let tid): tid
        }
    }
}

extension DropReason {
    /// Why something is no inner IPv6 packet.
    init(inner error: DecodeError) {
        switch error {
        case .unsupportedVersion: self = .nonIPv6Payload
        default: self = .malformedPacket
        }
    }
}

extension PacketBuffer {
    /// Lowers the hop limit of the IPv6 packet in the buffer by one; it is over 1 here.
    @_lifetime(self: copy self)
    mutating func decrementHopLimit() {
        let offset = self.range.lowerBound + IPv6Header.Offset.hopLimit
        let hopLimit: UInt8 = self.bytes.bytes.bigEndian(at: offset)
        self.bytes.storeBigEndian(hopLimit &- 1, at: offset)
    }
}
