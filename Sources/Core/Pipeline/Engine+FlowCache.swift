internal import Wire

// Packets that are like the one before.
extension Engine {
    /// Encapsulates a packet from the uplink that has the header of the one before, if nothing else has changed.
    ///
    /// - Returns: Where it goes; nil when it must be decided on.
    mutating func encapsulateFromCache(_ buffer: inout PacketBuffer, _ now: Timestamp) -> Output? {
        guard let tid = self.uplinkCache.tunnel(at: now), !self.forwarder.decisionLog.isNeeded else {
            return nil
        }
        self.accounting.forwarded &+= 1
        self.forwarder.tunnels[tid].traffic.egress.count(buffer.count, at: now)
        return self.uplinkCache.apply(to: &buffer)
    }

    /// Takes note of what was done with a packet from the uplink that has the header of the one before.
    ///
    /// - Parameters:
    ///   - output: Where it goes.
    ///   - buffer: As it leaves.
    ///   - outerLength: Length of its outer headers, in octets, if it was encapsulated.
    ///   - now: The time.
    mutating func storeFlow(
        _ output: Output,
        _ buffer: borrowing PacketBuffer,
        behind outerLength: Int,
        _ now: Timestamp
    ) {
        guard case .underlay(_, let tid?, .forwarded) = output.packet, output.spare == .none, outerLength > 0
        else {
            return
        }
        let outer = buffer.packet.extracting(first: outerLength)
        guard self.mayRepeat(outer, of: tid, output) else { return }
        self.uplinkCache.note(output, tid, outer, now)
    }

    /// Whether outer headers may stand in front of another packet too: without a signature or a checksum of what follows,
    /// and without an identification.
    private func mayRepeat(_ outer: RawSpan, of tid: TID, _ output: Output) -> Bool {
        guard output.awaitsSignature || self.forwarder.tunnels[tid].session.encapsulation != .ayiya else {
            return false
        }
        guard let packet = try? IPv4Packet(quoted: outer) else { return true }
        return packet.dontFragment
    }

    /// Whether a packet from the underlay has the inner header of the one before, and may go on as it is.
    @inline(__always)
    mutating func recognizes(
        _ buffer: borrowing PacketBuffer,
        as payload: OuterPayload,
        _ outerTrafficClass: UInt8
    ) -> Bool {
        guard payload == .ayiya || payload == .sixInFour,
            let header = InnerHeader(buffer.packet, at: payload == .ayiya ? AYIYAPacket.headerLength : 0),
            // ECN stays as it is.
            outerTrafficClass & 3 == 0 || outerTrafficClass & 3 == header.congestion
        else {
            self.underlayCache.passOver()
            return false
        }
        return self.underlayCache.recognizes(header)
    }

    /// Sends a packet from the underlay to the uplink that has the inner header of the one before, if nothing else is
    /// different.
    ///
    /// - Returns: Where it goes; nil when it must be decided on.
    mutating func decapsulateFromCache(
        _ buffer: inout PacketBuffer,
        as payload: OuterPayload,
        _ outer: OuterHeader,
        expecting signature: SHA1Digest?,
        _ now: Timestamp
    ) -> Output? {
        let front = payload == .ayiya ? AYIYAFront(buffer.packet) : .none
        guard let tid = self.underlayCache.tunnel(front, payload, outer, at: now),
            !self.forwarder.decisionLog.isNeeded,
            payload != .ayiya || self.acceptCachedBeat(buffer, of: tid, expecting: signature, now)
        else { return nil }
        if payload == .ayiya { buffer.removeFirst(AYIYAPacket.headerLength) }
        self.accounting.forwarded &+= 1
        self.forwarder.tunnels[tid].traffic.ingress.count(buffer.count, at: now)
        self.uplinkTraffic.egress.count(buffer.count, at: now)
        buffer.decrementHopLimit()
        return Output(packet: .uplink(.forwarded))
    }

    /// Takes a datagram for the beat of its tunnel that all is as it was, if its signature is the expected one.
    ///
    /// - Returns: Whether it may go on; not when the other engines must be told of it.
    private func acceptCachedBeat(
        _ buffer: borrowing PacketBuffer,
        of tid: TID,
        expecting signature: SHA1Digest?,
        _ now: Timestamp
    ) -> Bool {
        guard let signature, AYIYAPacket.hasSignature(signature, in: buffer.packet),
            now.nanoseconds(since: self.forwarder.tunnels[tid].toldBeat) < SharedSessions.longestSilence
        else { return false }
        self.forwarder.tunnels[tid].lastBeat = now.monotonic
        return true
    }
}
