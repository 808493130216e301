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
        guard case .ayiya = self.settings.encapsulation else { return offset..<offset + length }
        let start = offset - AYIYAPacket.headerLength
        self.header(.forward, nextHeader: ProtocolNumber.ipv6, at: now).encodeUnsigned(
            into: &buffer,
            at: start
        )
        return start..<offset + length
    }

    /// Turns an echo request that came into its answer, in place.
    ///
    /// - Parameters:
    ///   - buffer: What the request came in.
    ///   - payload: Where its payload lies, behind the 44 octets of its header.
    ///   - nextHeader: Type of the payload.
    ///   - now: The time.
    /// - Returns: The octets to send.
    func encodeEchoResponse(
        in buffer: inout MutableRawSpan,
        payload: Range<Int>,
        nextHeader: UInt8,
        at now: ClientTime
    ) -> Range<Int> {
        guard case .ayiya(let secret) = self.settings.encapsulation else { return payload }
        let start = payload.lowerBound - AYIYAPacket.headerLength
        self.header(.echoResponse, nextHeader: nextHeader, at: now)
            .encode(into: &buffer, at: start, payloadLength: payload.count, signedWith: secret)
        return start..<payload.upperBound
    }

    private func header(_ opcode: AYIYAOpcode, nextHeader: UInt8, at now: ClientTime) -> AYIYAHeader {
        AYIYAHeader(
            opcode: opcode,
            nextHeader: nextHeader,
            epochTime: UInt32(truncatingIfNeeded: now.epoch),
            identity: self.settings.identity
        )
    }

    /// The datagram that tells the PoP where this end is, or nil when the PoP knows anyway.
    func beat(at now: ClientTime) -> [UInt8]? {
        switch self.settings.encapsulation {
        case .ayiya(let secret):
            var octets = [UInt8](repeating: 0, count: AYIYAPacket.headerLength)
            var span = octets.mutableSpan
            var bytes = span.mutableBytes
            self.header(.noOperation, nextHeader: ProtocolNumber.noNextHeader, at: now)
                .encode(into: &bytes, at: 0, payloadLength: 0, signedWith: secret)
            return octets
        case .heartbeat(let password):
            return HeartbeatMessage.encode(
                identity: self.settings.identity,
                sender: .source,
                epochTime: now.epoch,
                password: password
            )
        case .sixInFour:
            return nil
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
