public import Wire

/// The PoP as a machine without input or output: packets and a time in, what to do with the packets out.
///
/// One thread owns it; several may have one each, which share their sessions, and then it does not matter which of them a
/// packet is given to. Nothing is allocated after it was made, save while a heartbeat is read, and by what reads
/// samples and reports.
public struct Engine: ~Copyable {
    var tables: Tables

    /// Creates an engine.
    ///
    /// - Parameters:
    ///   - configuration: What to start with.
    ///   - seed: An unpredictable number, from which what must not be guessed is drawn; the same for all engines of a PoP.
    ///   - sessions: What it has in common with the PoP's other engines.
    ///   - index: Which of them it is; the first is made before all others.
    ///   - now: The time.
    public init(
        _ configuration: EngineConfiguration,
        seed: UInt64,
        sharing sessions: SharedSessions = SharedSessions(),
        as index: EngineIndex = .only,
        at now: Timestamp
    ) {
        self.tables = Tables(seed: seed, sharing: sessions, as: index)
        _ = self.apply(configuration, at: now)
    }

    // MARK: - From the uplink

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
        self.tables.catchUp()
        self.tables.accounting.receivedFromUplink &+= 1
        self.tables.uplinkTraffic.ingress.count(buffer.count, at: now)
        guard let header = InnerHeader(buffer.packet, at: 0), self.tables.flows.uplink.recognizes(header)
        else {
            return self.decideFromUplink(&buffer, spare: &spare, now)
        }
        if let output = FlowCache.encapsulate(&buffer, &self.tables, now) { return output }
        let length = buffer.count
        let output = self.decideFromUplink(&buffer, spare: &spare, now)
        FlowCache.store(output, buffer, behind: buffer.count - length, &self.tables, now)
        return output
    }

    @inline(__always)
    private mutating func decideFromUplink(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ now: Timestamp
    ) -> Output {
        self.tables.forwarding.decisionLog.begin(at: now)
        self.tables.note(.enteredFromUplink(octets: buffer.count), about: nil)
        return self.forward(&buffer, spare: &spare, from: .uplink, now)
    }

    /// Counts what the kernel routed into the TUN device and can't be cut up into packets.
    ///
    /// - Parameters:
    ///   - buffer: What it is.
    ///   - now: The time.
    /// - Returns: That nothing is transmitted.
    public mutating func refuseFromUplink(_ buffer: borrowing PacketBuffer, at now: Timestamp) -> Output {
        self.tables.forwarding.decisionLog.begin(at: now)
        self.tables.note(.enteredFromUplink(octets: buffer.count), about: nil)
        self.tables.accounting.receivedFromUplink &+= 1
        self.tables.uplinkTraffic.ingress.count(buffer.count, at: now)
        return self.tables.drop(
            buffer,
            .malformedPacket,
            tunnel: nil,
            source: .ipv6(.unspecified),
            at: now
        )
    }

    // MARK: - From the underlay

    /// Takes a packet from the underlay.
    ///
    /// - Parameters:
    ///   - buffer: What stood behind the outer header, UDP's included; afterwards what is to be transmitted.
    ///   - spare: A second buffer, for an echo response beside the packet or for a second fragment.
    ///   - payload: What the packet is.
    ///   - outer: What the outer header said.
    ///   - signature: What the tunnel's secret signs a datagram with, when that was worked out beforehand
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
        self.tables.catchUp()
        self.tables.accounting.receivedFromUnderlay &+= 1
        let known = FlowCache.decapsulate(
            &buffer,
            as: payload,
            outer,
            expecting: signature,
            &self.tables,
            now
        )
        if let known { return known }
        self.tables.forwarding.decisionLog.begin(at: now)
        self.tables.note(.enteredFromUnderlay(payload, outer.path, octets: buffer.count), about: nil)
        if let reason = IngressCheck.rejection(of: outer) {
            return self.tables.drop(buffer, reason, tunnel: nil, source: outer.path.remote, at: now)
        }
        let arrival = Decapsulation.decapsulate(
            &buffer,
            spare: &spare,
            as: payload,
            outer,
            expecting: signature,
            &self.tables,
            now
        )
        switch arrival {
        case .inner(let arrival): return self.receive(arrival, &buffer, spare: &spare, outer, now)
        case .own(let tid):
            return Departure.encapsulate(&buffer, spare: &spare, into: tid, .own, &self.tables, now)
        case .finished(let output): return output
        }
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
            self.tables.accounting.receivedFromUnderlay &+= 1
            let nowhere = IPAddress.ipv6(.unspecified)
            return self.tables.drop(buffer, .malformedPacket, tunnel: nil, source: nowhere, at: now)
        }
        buffer.truncate(to: length)
        buffer.removeFirst(outer.octetsInFront)
        return self.receiveFromUnderlay(&buffer, spare: &spare, as: payload, outer, at: now)
    }

    /// Takes an inner packet of a tunnel that was found in order so far.
    mutating func receive(
        _ arrival: InnerArrival,
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ outer: OuterHeader,
        _ now: Timestamp
    ) -> Output {
        let tid = arrival.tid
        guard InnerArrivals.accept(&buffer, arrival, outer, &self.tables, now) else {
            let source = outer.path.remote
            return self.tables.drop(
                buffer,
                .congestionMarkOnUnawarePacket,
                tunnel: tid,
                source: source,
                at: now
            )
        }
        var output = self.forward(&buffer, spare: &spare, from: .tunnel(tid), now)
        if arrival.mayRepeat { self.tables.flows.underlay.store(output, from: tid) }
        // A second fragment, where forwarding needed the spare buffer, matters more than the response.
        if output.spare == .none { output.spare = arrival.response }
        return output
    }

    // MARK: - Both ways

    /// Takes an inner packet whose outer header was found in order, or one from the uplink, and sends it on.
    private mutating func forward(
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
            self.tables.forwarding.noteInner(packet, buffer.packet, about: ingress.tunnel)
            verdict = self.tables.forwarding.verdict(for: packet, from: ingress)
            if !self.tables.forwarding.decisionLog.isOpen, let tid = verdict.tunnel, ingress != .tunnel(tid) {
                // Nobody knew before that the packet concerns this tunnel.
                self.tables.forwarding.noteInner(packet, buffer.packet, about: tid)
            }
            self.tables.note(.verdict(verdict), about: ingress.tunnel ?? verdict.tunnel)
            source = packet.source
            length = packet.totalLength
        } catch {
            let nowhere = IPAddress.ipv6(.unspecified)
            return self.tables.drop(
                buffer,
                DropReason(inner: error),
                tunnel: ingress.tunnel,
                source: nowhere,
                at: now
            )
        }
        buffer.truncate(to: length)
        return self.carryOut(verdict, &buffer, spare: &spare, from: ingress, source: source, now)
    }

    private mutating func carryOut(
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
            self.tables.accounting.forwarded &+= 1
            return Departure.encapsulate(&buffer, spare: &spare, into: tid, .forwarded, &self.tables, now)
        case .transmitToUplink:
            buffer.decrementHopLimit()
            self.tables.accounting.forwarded &+= 1
            return Departure.transmitToUplink(buffer, .forwarded, from: ingress, &self.tables, now)
        case .deliver(let tid):
            return self.deliver(&buffer, spare: &spare, to: tid, from: ingress, source: source, now)
        case .reply(let error, let tid):
            guard
                ErrorReply.make(
                    error,
                    about: &buffer,
                    concerning: tid,
                    from: ingress,
                    source: source,
                    &self.tables,
                    now
                )
            else { return Output() }
            return self.answer(&buffer, spare: &spare, back: ingress, now)
        case .drop(let reason):
            return IngressCheck.drop(buffer, reason, from: ingress, source: source, &self.tables, now)
        }
    }

    /// Takes a packet to one of our own addresses: a tunnel's, or the daemon's own.
    private mutating func deliver(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        to tid: TID?,
        from ingress: Ingress,
        source: IPv6Address,
        _ now: Timestamp
    ) -> Output {
        switch Delivery.deliver(&buffer, to: tid, from: ingress, source: source, &self.tables, now) {
        case .answer: return self.answer(&buffer, spare: &spare, back: ingress, now)
        case .finished: return Output()
        case .reply(let error):
            let verdict = Verdict.reply(error, concerning: ingress.tunnel ?? tid)
            return self.carryOut(verdict, &buffer, spare: &spare, from: ingress, source: source, now)
        }
    }

    /// Sends a packet of our own back to where another came from.
    private mutating func answer(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        back ingress: Ingress,
        _ now: Timestamp
    ) -> Output {
        self.tables.note(.answered, about: ingress.tunnel)
        self.tables.accounting.answered &+= 1
        switch ingress {
        case .uplink: return Departure.transmitToUplink(buffer, .own, from: ingress, &self.tables, now)
        case .tunnel(let tid):
            return Departure.encapsulate(&buffer, spare: &spare, into: tid, .own, &self.tables, now)
        }
    }
}
