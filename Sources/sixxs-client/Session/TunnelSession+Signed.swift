import Core
import Wire

// Datagrams that both ends sign (AYIYA): the protocol is Core's, with the roles exchanged.
extension TunnelSession {
    /// Decides about a datagram from the PoP's address.
    mutating func receiveSigned(
        _ buffer: inout MutableRawSpan,
        _ range: Range<Int>,
        _ trafficClass: UInt8,
        by secret: AYIYASecret,
        expecting signature: SHA1Digest?,
        _ now: ClientTime
    ) -> Outcome {
        let opcode: AYIYAOpcode
        let nextHeader: UInt8
        do {
            let datagram = try AYIYAPacket(buffer.bytes.extracting(range))
            if let reason = self.rejection(of: datagram, from: AYIYAPeerState(secret: secret), signature, now)
            {
                return self.drop(reason)
            }
            opcode = datagram.opcode
            nextHeader = datagram.nextHeader
        } catch {
            return self.drop(.notAYIYA)
        }
        let payload = range.lowerBound + AYIYADecapsulator.headerLength..<range.upperBound
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
    private mutating func rejection(
        of datagram: borrowing AYIYAPacket,
        from peer: AYIYAPeerState,
        _ signature: SHA1Digest?,
        _ now: ClientTime
    ) -> DiscardReason? {
        guard datagram.identity == self.settings.popIdentity else { return .wrongIdentity }
        let time = now.unixTime
        switch AYIYADecapsulator.rejectionAtUser(of: datagram, from: peer, expecting: signature, at: time) {
        case .ayiyaHashMismatch: return .wrongSignature
        case let reason:
            // Only the PoP can tell us that the clocks differ.
            self.clockDifference = AYIYADecapsulator.clockDifference(of: datagram, at: time)
            return reason == nil ? nil : .clockOff
        }
    }

    /// The header of a datagram to the PoP.
    private func header(_ opcode: AYIYAOpcode, nextHeader: UInt8, at now: ClientTime) -> AYIYAHeader {
        AYIYAHeader(
            opcode: opcode,
            nextHeader: nextHeader,
            epochTime: UInt32(truncatingIfNeeded: now.epoch),
            identity: self.settings.identity
        )
    }

    /// Writes what stands in front of an inner packet, but for the signature.
    func prependSigned(
        to packet: Range<Int>,
        in buffer: inout MutableRawSpan,
        at now: ClientTime
    ) -> Range<Int> {
        let header = self.header(.forward, nextHeader: ProtocolNumber.ipv6, at: now)
        return AYIYAEncapsulator.write(header, into: &buffer, inFrontOf: packet)
    }

    /// Turns an echo request that came into its answer, in place.
    ///
    /// - Parameters:
    ///   - buffer: What the request came in.
    ///   - payload: Where its payload lies, behind its header.
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
        let header = self.header(.echoResponse, nextHeader: nextHeader, at: now)
        let datagram = AYIYAEncapsulator.write(header, into: &buffer, inFrontOf: payload)
        AYIYAEncapsulator.sign(&buffer, datagram, by: secret)
        return datagram
    }

    /// The datagram without payload that tells the PoP where this end is.
    func signedBeat(by secret: AYIYASecret, at now: ClientTime) -> [UInt8] {
        let length = AYIYAEncapsulator.headerLength
        var octets = [UInt8](repeating: 0, count: length)
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        let header = self.header(.noOperation, nextHeader: ProtocolNumber.noNextHeader, at: now)
        AYIYAEncapsulator.write(header, into: &bytes, inFrontOf: length..<length)
        AYIYAEncapsulator.sign(&bytes, 0..<length, by: secret)
        return octets
    }

    // MARK: - Signatures of many datagrams, which take much less than one after the other

    /// Signs what ``encapsulate(in:at:length:at:)`` prepared, where the tunnel has signatures.
    func sign(_ datagram: inout MutableRawSpan) {
        guard case .ayiya(let secret) = self.settings.encapsulation else { return }
        AYIYAEncapsulator.sign(&datagram, 0..<datagram.byteCount, by: secret)
    }

    /// Adds what ``encapsulate(in:at:length:at:)`` prepared to others.
    ///
    /// - Parameters:
    ///   - datagram: The datagram, in memory that may be written; must stay as it is until it was signed.
    ///   - signatures: Those of the others; must not be full.
    /// - Returns: Whether it was added; false where the tunnel has no signatures.
    func add(_ datagram: UnsafeRawBufferPointer, to signatures: inout DatagramSignatures) -> Bool {
        guard case .ayiya(let secret) = self.settings.encapsulation else { return false }
        return AYIYAEncapsulator.add(datagram, signedWith: secret, to: &signatures)
    }

    /// Adds an arriving datagram to others, so that what it must be signed with is worked out together with theirs.
    ///
    /// - Parameters:
    ///   - datagram: The datagram, which must stay as it is until the signatures were computed.
    ///   - signatures: Those of the others; must not be full.
    /// - Returns: Whether it was added; false unless it looks like the PoP's, so that no time is spent on what is refused
    ///   anyway.
    func addExpected(_ datagram: UnsafeRawBufferPointer, to signatures: inout DatagramSignatures) -> Bool {
        guard case .ayiya(let secret) = self.settings.encapsulation,
            AYIYADecapsulator.identity(in: RawSpan(_unsafeBytes: datagram)) == self.settings.popIdentity
        else { return false }
        return AYIYAEncapsulator.add(datagram, signedWith: secret, to: &signatures)
    }
}
