public import Wire

/// What the probes of another PoP measured.
public struct PoPLatency: Hashable, Sendable {
    /// The PoP.
    public internal(set) var details: PoPDetails
    /// Round trips over IPv4.
    public internal(set) var ipv4 = LatencyRecord()
    /// Round trips over IPv6.
    public internal(set) var ipv6 = LatencyRecord()
}

extension Engine {
    /// Makes the next latency probe that is due.
    ///
    /// To be called every second until it returns nothing; each probe is transmitted before the next is made.
    ///
    /// - Parameters:
    ///   - buffer: Takes the probe.
    ///   - spare: Takes its second fragment.
    ///   - now: The time.
    /// - Returns: Where the probe goes, or nil when none is due.
    public mutating func nextProbe(
        in buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        at now: Timestamp
    ) -> Output? {
        self.catchUp()
        self.prober.advance(to: now)
        while let tid = self.prober.takeTunnel() {
            guard self.forwarder.entries[tid].condition == .up,
                self.forwarder.tunnels[tid].session.path != nil
            else {
                continue
            }
            return self.probe(tid, in: &buffer, spare: &spare, now)
        }
        while let place = self.prober.takePoP(of: 2 * self.popLatencies.count) {
            if let output = self.probePoP(at: place / 2, isIPv6: place % 2 == 1, in: &buffer, now) {
                return output
            }
        }
        return nil
    }

    private mutating func probe(
        _ tid: TID,
        in buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ now: Timestamp
    ) -> Output? {
        guard self.writeProbeBody(for: .tunnel(tid), in: &buffer, now) else { return nil }
        self.forwarder.tunnels[tid].latency.sent &+= 1
        self.sessions.setPendingProbe(self.prober.sequence, of: tid)
        let ends = (source: self.plan.localAddress(of: tid), destination: self.plan.remoteAddress(of: tid))
        buffer.makeEchoRequest(
            identifier: tid.rawValue,
            self.prober.sequence,
            from: ends.source,
            to: ends.destination
        )
        return self.encapsulate(&buffer, spare: &spare, into: tid, .own, now)
    }

    private mutating func probePoP(
        at index: Int,
        isIPv6: Bool,
        in buffer: inout PacketBuffer,
        _ now: Timestamp
    ) -> Output? {
        guard let own = self.configuration.ownDetails else { return nil }
        let details = self.popLatencies[index].details
        let id = UInt16(clamping: details.id)
        guard self.writeProbeBody(for: .pop(id: id, isIPv6: isIPv6), in: &buffer, now) else { return nil }
        let sequence = self.prober.sequence
        if isIPv6 {
            self.popLatencies[index].ipv6.send(sequence)
            buffer.makeEchoRequest(identifier: id, sequence, from: own.ipv6, to: details.ipv6)
            return Output(packet: .underlay(.ipv6(details.ipv6), tunnel: nil, .own))
        }
        self.popLatencies[index].ipv4.send(sequence)
        buffer.makeEchoRequest(identifier: id, sequence, from: own.ipv4, to: details.ipv4)
        return Output(packet: .underlay(.ipv4(details.ipv4), tunnel: nil, .own))
    }

    /// Writes what stands behind the 8 octets of the ICMP header; those are left to be written.
    private mutating func writeProbeBody(
        for target: ProbeTarget,
        in buffer: inout PacketBuffer,
        _ now: Timestamp
    ) -> Bool {
        guard buffer.reset(to: LatencyProber.messageLength) else { return false }
        let values = self.prober.nextBody(for: target)
        let body = buffer.range.lowerBound + ICMPv6Message.headerLength
        for offset in buffer.range { buffer.bytes.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self) }
        buffer.bytes.storeBigEndian(values.magic, at: body)
        buffer.bytes.storeBigEndian(now.monotonic, at: body + 8)
        buffer.bytes.storeBigEndian(values.target, at: body + 16)
        return true
    }

    /// Counts a reply that came out of a tunnel.
    mutating func noteProbeReply(_ reply: ProbeReply, from tid: TID, at now: Timestamp) {
        guard reply.target == .tunnel(tid), self.prober.isCurrent(reply.magic, at: now),
            let age = reply.age(at: now), self.sessions.takeProbe(reply.sequence, of: tid)
        else { return }
        self.forwarder.tunnels[tid].latency.count(microseconds: age / 1000)
    }

    /// Counts a reply that came from another PoP.
    mutating func notePoPReply(_ reply: ProbeReply?, from source: IPAddress, at now: Timestamp) {
        guard let reply, case .pop(let id, let isIPv6) = reply.target,
            self.prober.isCurrent(reply.magic, at: now),
            let index = self.popLatencies.firstIndex(where: { $0.details.id == Int(id) })
        else { return }
        let details = self.popLatencies[index].details
        switch source {
        case .ipv4(details.ipv4) where !isIPv6: self.popLatencies[index].ipv4.receive(reply, at: now)
        case .ipv6(details.ipv6) where isIPv6: self.popLatencies[index].ipv6.receive(reply, at: now)
        default: break
        }
    }

    /// Takes over the PoPs of a configuration; what was measured of those that stay is kept.
    mutating func adoptPoPs(of configuration: EngineConfiguration) {
        var latencies = configuration.otherPoPs
        for index in latencies.indices {
            let details = latencies[index].details
            guard let known = self.popLatencies.first(where: { $0.details == details }) else { continue }
            latencies[index] = known
        }
        self.popLatencies = latencies
    }
}

extension PacketBuffer {
    /// Writes the headers of an ICMPv6 echo request whose message is in the buffer, its header blank.
    @_lifetime(self: copy self)
    mutating func makeEchoRequest(
        identifier: UInt16,
        _ sequence: UInt16,
        from source: IPv6Address,
        to destination: IPv6Address
    ) {
        ICMPv6Message.encodeHeader(
            into: &self.bytes,
            at: self.range.lowerBound,
            type: ICMPv6Message.MessageType.echoRequest,
            code: 0,
            parameter: UInt32(identifier) << 16 | UInt32(sequence),
            bodyLength: self.count - ICMPv6Message.headerLength,
            addresses: (source, destination)
        )
        self.prependICMPv6Header(from: source, to: destination, hopLimit: Self.icmpHopLimit)
    }

    /// Writes the headers of an ICMPv4 echo request whose message is in the buffer, its header blank.
    @_lifetime(self: copy self)
    fileprivate mutating func makeEchoRequest(
        identifier: UInt16,
        _ sequence: UInt16,
        from source: IPv4Address,
        to destination: IPv4Address
    ) {
        ICMPv4Message.encodeHeader(
            into: &self.bytes,
            at: self.range.lowerBound,
            type: 8,
            code: 0,
            parameter: UInt32(identifier) << 16 | UInt32(sequence),
            bodyLength: self.count - ICMPv4Message.headerLength
        )
        self.prependICMPv4Header(from: source, to: destination)
    }
}
