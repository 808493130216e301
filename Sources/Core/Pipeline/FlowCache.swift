internal import Wire

/// The answer for a packet like the one before.
enum FlowCache {
    // MARK: - From the uplink

    /// Encapsulates a packet from the uplink that has the header of the one before, if nothing else has changed.
    ///
    /// - Returns: Where it goes; nil when it must be decided on.
    @inline(__always)
    static func encapsulate(
        _ buffer: inout PacketBuffer,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Output? {
        guard let tid = tables.flows.uplink.tunnel(at: now), !tables.forwarding.decisionLog.isNeeded else {
            return nil
        }
        tables.accounting.forwarded &+= 1
        tables.forwarding.tunnels[tid].traffic.egress.count(buffer.count, at: now)
        let output = tables.flows.uplink.apply(to: &buffer)
        if output.isDatagram { tables.datagram = tables.flows.uplink.datagram }
        return output
    }

    /// Takes note of what was done with a packet from the uplink that has the header of the one before.
    ///
    /// - Parameters:
    ///   - output: Where it goes.
    ///   - buffer: As it leaves.
    ///   - outerLength: Length of its outer headers, in octets, if it was encapsulated.
    ///   - tables: Take the note.
    ///   - now: The time.
    static func store(
        _ output: Output,
        _ buffer: borrowing PacketBuffer,
        behind outerLength: Int,
        _ tables: inout Tables,
        _ now: Timestamp
    ) {
        guard case .underlay(_, let tid?, .forwarded) = output.packet, output.spare == .none, outerLength > 0
        else {
            return
        }
        let outer = buffer.packet.extracting(first: outerLength)
        let isSigned = tables.forwarding.tunnels[tid].session.encapsulation.isSigned
        guard output.awaitsSignature || !isSigned, Self.mayRepeat(outer) else { return }
        tables.flows.uplink.note(output, tid, outer, tables.datagram, now)
    }

    /// Whether outer headers may stand in front of another packet too: without an identification that must not repeat.
    private static func mayRepeat(_ outer: RawSpan) -> Bool {
        guard let packet = try? IPv4Packet(quoted: outer) else { return true }
        return packet.dontFragment
    }

    // MARK: - From the underlay

    /// Sends a packet from the underlay to the uplink that is like the one before.
    ///
    /// - Returns: Where it goes; nil when it must be decided on.
    @inline(__always)
    static func decapsulate(
        _ buffer: inout PacketBuffer,
        as payload: OuterPayload,
        _ outer: OuterHeader,
        expecting signature: SHA1Digest?,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Output? {
        guard Self.recognizes(buffer, as: payload, outer.trafficClass, &tables) else { return nil }
        return Self.repeatDecapsulation(of: &buffer, as: payload, outer, expecting: signature, &tables, now)
    }

    /// Whether a packet from the underlay has the inner header of the one before, and may go on as it is.
    @inline(__always)
    private static func recognizes(
        _ buffer: borrowing PacketBuffer,
        as payload: OuterPayload,
        _ outerTrafficClass: UInt8,
        _ tables: inout Tables
    ) -> Bool {
        guard let headerLength = payload.repeatedHeaderLength,
            let header = InnerHeader(buffer.packet, at: headerLength),
            // ECN stays as it is.
            outerTrafficClass & 3 == 0 || outerTrafficClass & 3 == header.congestion
        else {
            tables.flows.underlay.passOver()
            return false
        }
        return tables.flows.underlay.recognizes(header)
    }

    private static func repeatDecapsulation(
        of buffer: inout PacketBuffer,
        as payload: OuterPayload,
        _ outer: OuterHeader,
        expecting signature: SHA1Digest?,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Output? {
        let front = payload.isSigned ? DatagramFront(buffer.packet) : .none
        guard let tid = tables.flows.underlay.tunnel(front, payload, outer, at: now),
            !tables.forwarding.decisionLog.isNeeded,
            !payload.isSigned
                || Self.acceptBeat(buffer, of: tid, expecting: signature, tables.forwarding, now)
        else { return nil }
        if payload.isSigned { buffer.removeFirst(payload.repeatedHeaderLength ?? 0) }
        tables.accounting.forwarded &+= 1
        tables.forwarding.tunnels[tid].traffic.ingress.count(buffer.count, at: now)
        tables.uplinkTraffic.egress.count(buffer.count, at: now)
        buffer.decrementHopLimit()
        return Output(packet: .uplink(.forwarded))
    }

    /// Takes a datagram for the beat of its tunnel that all is as it was, if its signature is the expected one.
    ///
    /// - Returns: Whether it may go on; not when the other engines must be told of it.
    private static func acceptBeat(
        _ buffer: borrowing PacketBuffer,
        of tid: TID,
        expecting signature: SHA1Digest?,
        _ tables: borrowing ForwardingTables,
        _ now: Timestamp
    ) -> Bool {
        guard let signature, signature.signsDatagram(buffer.packet),
            now.nanoseconds(since: tables.tunnels[tid].toldBeat) < SharedSessions.longestSilence
        else { return false }
        tables.tunnels[tid].lastBeat = now.monotonic
        return true
    }
}
