import Core
import Wire

extension TunnelSession {
    /// Decides about what came from the PoP's address: an AYIYA datagram, or a packet of protocol 41, which raw sockets over IPv4
    /// give with its outer header, and over IPv6 without.
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
            return self.receiveSigned(&buffer, range, trafficClass, by: secret, expecting: signature, now)
        case .heartbeat, .sixInFour:
            guard range.isEmpty || Self.hasOuterHeader(buffer.bytes, at: range.lowerBound) else {
                return self.receiveInner(&buffer, range, trafficClass, now)
            }
            guard let packet = OuterPacket(buffer.bytes.extracting(range)), packet.payload == .sixInFour,
                case .ipv4 = packet.outer.path.remote
            else { return self.drop(.notIPv6) }
            let start = range.lowerBound
            let payload = start + packet.range.lowerBound..<start + packet.range.upperBound
            return self.receiveInner(&buffer, payload, packet.outer.trafficClass, now)
        }
    }

    /// An IPv4 header is the outer one: nothing but IPv6 is inside.
    private static func hasOuterHeader(_ octets: RawSpan, at offset: Int) -> Bool {
        octets.bigEndian(at: offset, as: UInt8.self) >> 4 == 4
    }

    mutating func receiveInner(
        _ buffer: inout MutableRawSpan,
        _ range: Range<Int>,
        _ outerTrafficClass: UInt8,
        _ now: ClientTime
    ) -> Outcome {
        let end: Int
        do {
            let packet = try SixInFourDecapsulator.decapsulate(buffer.bytes.extracting(range))
            if let roundTrip = self.probe.takeAnswer(packet, now: now.monotonic) {
                self.recentWrongSignatures = 0
                self.note(self.liveness.noteAnswer(roundTrip: roundTrip, at: now.monotonic))
                return .consume
            }
            if let reason = InnerPacketRules.rejection(ofArriving: packet, at: self.settings.identity) {
                return self.drop(reason)
            }
            end = range.lowerBound + packet.totalLength
        } catch {
            return self.drop(.notIPv6)
        }
        let start = range.lowerBound
        guard CongestionMark.combine(outer: outerTrafficClass, intoPacketOf: &buffer, at: start) else {
            return self.drop(.congestion)
        }
        self.received.count(end - start)
        return .deliver(start..<end)
    }
}
