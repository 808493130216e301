import Core
import Wire

extension TunnelSession {
    /// Prepares a packet of the host for the PoP, but for the signature, which ``sign(_:)`` adds.
    ///
    /// - Parameters:
    ///   - buffer: Holds the packet from `offset` on, with the encapsulation's headroom in front.
    ///   - offset: Where the packet begins, in octets.
    ///   - length: Of the packet, in octets.
    ///   - now: The time.
    /// - Returns: The octets to send and their outer traffic class, or nil when the packet goes no further.
    mutating func encapsulate(
        in buffer: inout MutableRawSpan,
        at offset: Int,
        length: Int,
        at now: ClientTime
    ) -> (octets: Range<Int>, trafficClass: UInt8)? {
        let trafficClass: UInt8
        let total: Int
        do {
            let packet = try IPv6Packet(buffer.bytes.extracting(offset..<offset + length))
            if let reason = InnerPacketRules.rejection(of: packet) {
                self.drops[reason] += 1
                return nil
            }
            trafficClass = packet.trafficClass
            total = packet.totalLength
        } catch {
            self.refuseFromHost()
            return nil
        }
        self.sent.count(total)
        return (self.wrap(in: &buffer, at: offset, length: total, at: now), trafficClass)
    }

    /// Counts something of the host that is no packet that could be encapsulated.
    mutating func refuseFromHost() { self.drops[.notIPv6] += 1 }

    /// Writes the header that the encapsulation puts in front of an inner packet, if it does, but for the signature.
    private func wrap(
        in buffer: inout MutableRawSpan,
        at offset: Int,
        length: Int,
        at now: ClientTime
    ) -> Range<Int> {
        let packet = offset..<offset + length
        guard case .ayiya = self.settings.encapsulation else { return packet }
        return self.prependSigned(to: packet, in: &buffer, at: now)
    }

    /// The datagram that tells the PoP where this end is, or nil when the PoP knows anyway.
    func beat(at now: ClientTime) -> [UInt8]? {
        switch self.settings.encapsulation {
        case .ayiya(let secret): self.signedBeat(by: secret, at: now)
        case .heartbeat(let password):
            HeartbeatEncapsulator.beat(of: self.settings.identity, signedWith: password, at: now.epoch)
        case .sixInFour: nil
        }
    }

    /// An encapsulated echo request.
    mutating func encodeProbe(at now: ClientTime) -> [UInt8] {
        let headroom = self.settings.encapsulation.headroom
        var octets = [UInt8](repeating: 0, count: headroom + EchoProbe.packetLength)
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        self.probe.encodeRequest(into: &bytes, at: headroom, now: now.monotonic)
        _ = self.wrap(in: &bytes, at: headroom, length: EchoProbe.packetLength, at: now)
        self.sign(&bytes)
        return octets
    }
}
