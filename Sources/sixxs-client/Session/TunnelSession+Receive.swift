import Wire

extension TunnelSession {
    /// Decides about what came from the PoP's address: an AYIYA datagram, or an IPv4 packet of protocol 41.
    ///
    /// - Parameters:
    ///   - buffer: What it came in; the congestion mark of the inner packet may be changed in it.
    ///   - range: Where in the buffer it lies.
    ///   - trafficClass: Of the outer header.
    ///   - signature: What it must be signed with, when that was worked out (``addExpected(_:to:)``).
    ///   - now: The time.
    /// - Returns: What to do.
    mutating func receive(
        _ buffer: inout MutableRawSpan,
        _ range: Range<Int>,
        trafficClass: UInt8,
        expecting signature: SHA1Digest? = nil,
        at now: ClientTime
    ) -> Outcome {
        switch self.settings.encapsulation {
        case .ayiya(let secret):
            return self.receiveAYIYA(&buffer, range, trafficClass, secret, signature, now)
        case .heartbeat, .sixInFour:
            guard let (payload, outer) = Self.decapsulate(buffer.bytes.extracting(range)) else {
                return self.drop(.notIPv6)
            }
            let start = range.lowerBound
            return self.receiveInner(
                &buffer,
                start + payload.lowerBound..<start + payload.upperBound,
                outer,
                now
            )
        }
    }

    /// Where the payload of an IPv4 packet of protocol 41 lies, and its traffic class; nil when it is no such packet.
    private static func decapsulate(_ octets: RawSpan) -> (payload: Range<Int>, trafficClass: UInt8)? {
        guard let packet = try? IPv4Packet(octets), packet.protocolNumber == ProtocolNumber.ipv6 else {
            return nil
        }
        let start = packet.headerLength
        return (start..<start + packet.payload.byteCount, packet.trafficClass)
    }

    private mutating func receiveAYIYA(
        _ buffer: inout MutableRawSpan,
        _ range: Range<Int>,
        _ trafficClass: UInt8,
        _ secret: AYIYASecret,
        _ signature: SHA1Digest?,
        _ now: ClientTime
    ) -> Outcome {
        let opcode: AYIYAOpcode
        let nextHeader: UInt8
        do {
            let datagram = try AYIYAPacket(buffer.bytes.extracting(range))
            if let reason = self.rejection(of: datagram, secret, signature, now) { return self.drop(reason) }
            opcode = datagram.opcode
            nextHeader = datagram.nextHeader
        } catch {
            return self.drop(.notAYIYA)
        }
        let payload = range.lowerBound + AYIYAPacket.headerLength..<range.upperBound
        switch opcode {
        case .forward where nextHeader == ProtocolNumber.ipv6,
            .echoRequestAndForward where nextHeader == ProtocolNumber.ipv6:
            let verdict = self.receiveInner(&buffer, payload, trafficClass, now)
            guard opcode == .echoRequestAndForward else { return verdict }
            if case .deliver(let inner) = verdict {
                return .echo(payload: payload, nextHeader: nextHeader, deliver: inner)
            }
            return .echo(payload: payload, nextHeader: nextHeader, deliver: nil)
        case .forward, .echoRequestAndForward:
            return self.drop(.wrongPayload)
        case .echoRequest:
            return .echo(payload: payload, nextHeader: nextHeader, deliver: nil)
        case .noOperation, .echoResponse:
            return .consume
        }
    }

    /// Why a datagram is not the PoP's, or nil.
    ///
    /// The signature comes before the clock, so that only the PoP can tell us that the clocks differ.
    private mutating func rejection(
        of datagram: borrowing AYIYAPacket,
        _ secret: AYIYASecret,
        _ signature: SHA1Digest?,
        _ now: ClientTime
    ) -> DiscardReason? {
        guard datagram.identity == self.settings.popIdentity else { return .wrongIdentity }
        let isSigned =
            if let signature { datagram.hasSignature(signature) } else { datagram.hasSignature(by: secret) }
        guard isSigned else { return .wrongSignature }
        let ahead = Int32(bitPattern: datagram.epochTime &- UInt32(truncatingIfNeeded: now.epoch))
        self.clockDifference = Int64(ahead)
        return abs(Int64(ahead)) <= Self.allowedClockSkew ? nil : .clockOff
    }

    private mutating func receiveInner(
        _ buffer: inout MutableRawSpan,
        _ range: Range<Int>,
        _ outerTrafficClass: UInt8,
        _ now: ClientTime
    ) -> Outcome {
        let inner: UInt8
        let end: Int
        do {
            let packet = try IPv6Packet(buffer.bytes.extracting(range))
            if let roundTrip = self.probe.takeAnswer(packet, now: now.monotonic) {
                self.recentWrongSignatures = 0
                self.note(self.liveness.noteAnswer(roundTrip: roundTrip, at: now.monotonic))
                return .consume
            }
            if let reason = InnerPacketRules.rejection(ofArriving: packet, at: self.settings.identity) {
                return self.drop(reason)
            }
            inner = packet.trafficClass
            end = range.lowerBound + packet.totalLength
        } catch {
            return self.drop(.notIPv6)
        }
        guard let combined = CongestionMark.combine(outer: outerTrafficClass, inner: inner) else {
            return self.drop(.congestion)
        }
        if combined != inner { Self.setTrafficClass(combined, in: &buffer, at: range.lowerBound) }
        return .deliver(range.lowerBound..<end)
    }

    private static func setTrafficClass(_ value: UInt8, in buffer: inout MutableRawSpan, at offset: Int) {
        let word: UInt16 = buffer.bytes.bigEndian(at: offset)
        buffer.storeBigEndian(word & 0xf00f | UInt16(value) << 4, at: offset)
    }
}
