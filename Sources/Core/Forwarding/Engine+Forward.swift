internal import Wire

extension Engine {
    /// Takes a packet that the kernel routed into the TUN device.
    ///
    /// - Parameters:
    ///   - buffer: The packet; afterwards what is to be transmitted.
    ///   - now: The time.
    /// - Returns: Where the packet goes.
    public mutating func receiveFromUplink(_ buffer: inout PacketBuffer, at now: Moment) -> Output {
        self.accounting.receivedFromUplink &+= 1
        self.uplinkTraffic.ingress.count(buffer.count, at: now)
        return self.forward(&buffer, from: .uplink, now)
    }

    /// Takes an inner packet whose outer header was found in order, or one from the uplink, and sends it on.
    mutating func forward(_ buffer: inout PacketBuffer, from ingress: Ingress, _ now: Moment) -> Output {
        let verdict: Verdict
        let source: IPv6Address
        let length: Int
        do {
            let packet = try IPv6Packet(buffer.packet)
            verdict = self.verdict(for: packet, from: ingress)
            source = packet.source
            length = packet.totalLength
        } catch {
            return self.refuse(buffer, error, from: ingress, now)
        }
        buffer.truncate(to: length)
        return self.obey(verdict, &buffer, from: ingress, source: source, now)
    }

    private mutating func refuse(
        _ buffer: borrowing PacketBuffer,
        _ error: DecodeError,
        from ingress: Ingress,
        _ now: Moment
    ) -> Output {
        let reason: DropReason =
            switch error {
            case .unsupportedVersion: .nonIPv6Payload
            default: .malformedPacket
            }
        return self.drop(buffer, reason, tunnel: ingress.tunnel, source: .ipv6(.unspecified), at: now)
    }

    private mutating func obey(
        _ verdict: Verdict,
        _ buffer: inout PacketBuffer,
        from ingress: Ingress,
        source: IPv6Address,
        _ now: Moment
    ) -> Output {
        switch verdict {
        case .encapsulate(let tid):
            if ingress != .uplink { buffer.decrementHopLimit() }
            self.accounting.forwarded &+= 1
            return self.encapsulate(&buffer, into: tid, now)
        case .transmitToUplink:
            buffer.decrementHopLimit()
            self.accounting.forwarded &+= 1
            return self.transmitToUplink(buffer, now)
        case .deliver(let tid):
            return self.deliver(&buffer, to: tid, from: ingress, source: source, now)
        case .reply(let error, let tid):
            return self.reply(&buffer, error, concerning: tid, from: ingress, source: source, now)
        case .drop(let reason):
            return self.drop(buffer, reason, tunnel: ingress.tunnel, source: .ipv6(source), at: now)
        }
    }

    /// Hands a packet, which may be one of our own, to the kernel.
    mutating func transmitToUplink(_ buffer: borrowing PacketBuffer, _ now: Moment) -> Output {
        self.uplinkTraffic.egress.count(buffer.count, at: now)
        return Output(packet: .uplink)
    }

    /// Sends a packet of our own back to where another came from.
    mutating func transmit(_ buffer: inout PacketBuffer, back ingress: Ingress, _ now: Moment) -> Output {
        switch ingress {
        case .uplink: self.transmitToUplink(buffer, now)
        case .tunnel(let tid): self.encapsulate(&buffer, into: tid, now)
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

extension PacketBuffer {
    /// Lowers the hop limit of the IPv6 packet in the buffer by one; it is over 1 here.
    @_lifetime(self: copy self)
    mutating func decrementHopLimit() {
        let offset = self.range.lowerBound + IPv6Header.Offset.hopLimit
        let hopLimit: UInt8 = self.bytes.bytes.bigEndian(at: offset)
        self.bytes.storeBigEndian(hopLimit &- 1, at: offset)
    }
}
