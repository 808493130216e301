internal import Wire

extension Engine {
    /// How far a sender's clock may be off either way, in seconds.
    static let allowedClockSkew: Int64 = 120

    /// What is known of an AYIYA datagram once it was verified.
    fileprivate struct VerifiedDatagram {
        var tid: TID
        var opcode: AYIYAOpcode
        var nextHeader: UInt8
        var time: Int64
        var isByRetiredSecret: Bool
    }

    /// A datagram that was refused, and the tunnel it belongs to if that is known.
    fileprivate struct Refusal: Error {
        var reason: DropReason
        var tid: TID?
    }

    /// Takes the payload of a datagram on AYIYA's port.
    mutating func receiveAYIYA(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ outer: OuterHeader,
        expecting signature: SHA1Digest?,
        _ now: Timestamp
    ) -> Output {
        let datagram: VerifiedDatagram
        do {
            datagram = try self.forwarder.verify(
                buffer.packet,
                from: outer.path.remote,
                expecting: signature,
                at: now
            )
        } catch {
            if error.reason == .missingTunnel {
                return self.dropUnknownSender(buffer, from: outer.path.remote, at: now)
            }
            // What is not AYIYA says nothing about its tunnel; where it comes from may.
            let tid =
                error.reason == .nonAYIYAPacket ? error.tid ?? self.tunnel(at: outer.path.remote) : error.tid
            return self.drop(buffer, error.reason, tunnel: tid, source: outer.path.remote, at: now)
        }
        let tid = datagram.tid
        let beat = Beat(
            path: outer.path,
            time: datagram.time,
            encapsulation: .ayiya,
            isByRetiredSecret: datagram.isByRetiredSecret
        )
        guard self.acceptBeat(beat, of: tid, at: now) else {
            return self.drop(buffer, .ayiyaReplay, tunnel: tid, source: outer.path.remote, at: now)
        }
        buffer.removeFirst(AYIYAPacket.headerLength)
        return self.apply(datagram, &buffer, spare: &spare, outer, now)
    }

    private mutating func apply(
        _ datagram: VerifiedDatagram,
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ outer: OuterHeader,
        _ now: Timestamp
    ) -> Output {
        switch datagram.opcode {
        case .noOperation, .echoResponse:
            self.note(.consumed, about: datagram.tid)
            self.accounting.consumed &+= 1
            return Output()
        case .forward:
            let output = self.receiveInner(&buffer, spare: &spare, from: datagram.tid, as: .ayiya, outer, now)
            // The flow cache is for what the present secret signs.
            if !datagram.isByRetiredSecret { self.underlayCache.store(output, from: datagram.tid) }
            return output
        case .echoRequest:
            self.note(.answered, about: datagram.tid)
            self.accounting.answered &+= 1
            return Output(packet: self.respond(in: &buffer, to: datagram, now))
        case .echoRequestAndForward:
            var response = Output.Transmission.none
            if spare.replace(with: buffer.packet) { response = self.respond(in: &spare, to: datagram, now) }
            var output = self.receiveInner(&buffer, spare: &spare, from: datagram.tid, as: .ayiya, outer, now)
            // A second fragment, where forwarding needed the spare buffer, matters more than the response.
            if output.spare == .none { output.spare = response }
            return output
        }
    }

    /// Makes an echo response out of a request's payload.
    private mutating func respond(
        in buffer: inout PacketBuffer,
        to request: VerifiedDatagram,
        _ now: Timestamp
    ) -> Output.Transmission {
        guard let path = self.forwarder.tunnels[request.tid].session.path else { return .none }
        self.prependAYIYA(to: &buffer, .echoResponse, request.nextHeader, from: request.tid, .now, now)
        buffer.prependUDP(along: path)
        self.prependIP(to: &buffer, along: path, ProtocolNumber.udp, 0, request.tid, now)
        return .underlay(path.remote, tunnel: request.tid, .own)
    }
}

extension Forwarder {
    /// Checks everything that makes a datagram acceptable; changes nothing.
    fileprivate func verify(
        _ octets: RawSpan,
        from remote: IPAddress,
        expecting signature: SHA1Digest?,
        at now: Timestamp
    ) throws(Engine.Refusal) -> Engine.VerifiedDatagram {
        let packet: AYIYAPacket
        do { packet = try AYIYAPacket(octets) } catch {
            throw Engine.Refusal(reason: .nonAYIYAPacket, tid: nil)
        }
        let tid: TID
        switch self.plan.owner(of: packet.identity) {
        case .remote(let owner), .unassigned(let owner), .routed(let owner): tid = owner
        default: throw Engine.Refusal(reason: .spoofedSource, tid: nil)
        }
        guard self.isExternal(remote) else {
            throw Engine.Refusal(reason: .endpointInsideTunnel, tid: tid)
        }
        switch self.entries[tid].condition {
        case .none: throw Engine.Refusal(reason: .missingTunnel, tid: nil)
        case .disabled: throw Engine.Refusal(reason: .disabledTunnel, tid: tid)
        case .down, .up: break
        }
        guard self.tunnels[tid].isDynamic, self.tunnels[tid].secret != nil else {
            throw Engine.Refusal(reason: .nonAYIYAPacket, tid: tid)
        }
        // The difference modulo 2^32, so that the clock's overflow in 2106 is no event.
        let skew = Int32(truncatingIfNeeded: Int64(packet.epochTime) - now.unixTime)
        guard abs(Int64(skew)) <= Engine.allowedClockSkew else {
            throw Engine.Refusal(reason: .clockSkew, tid: tid)
        }
        guard let isByRetiredSecret = self.isByRetiredSecret(packet, of: tid, signature, now)
        else {
            throw Engine.Refusal(reason: .ayiyaHashMismatch, tid: tid)
        }
        self.note(.signed(isByRetiredPassword: isByRetiredSecret), about: tid)
        if let reason = Self.rejection(of: packet) { throw Engine.Refusal(reason: reason, tid: tid) }
        return Engine.VerifiedDatagram(
            tid: tid,
            opcode: packet.opcode,
            nextHeader: packet.nextHeader,
            time: now.unixTime + Int64(skew),
            isByRetiredSecret: isByRetiredSecret
        )
    }

    /// Which of a tunnel's two secrets signed a datagram; nil when neither did.
    private func isByRetiredSecret(
        _ packet: borrowing AYIYAPacket,
        of tid: TID,
        _ expected: SHA1Digest?,
        _ now: Timestamp
    ) -> Bool? {
        if let expected {
            if packet.hasSignature(expected) { return false }
        } else if let secret = self.tunnels[tid].secret, packet.hasSignature(by: secret) {
            return false
        }
        guard let retired = self.tunnels[tid].retiredSecret, now.unixTime < retired.expiry,
            packet.hasSignature(by: retired.secret)
        else { return nil }
        return true
    }

    /// Why the payload is rejected, or nil: its version and length must be what the header says.
    private static func rejection(of packet: borrowing AYIYAPacket) -> DropReason? {
        switch packet.nextHeader {
        case ProtocolNumber.ipv6:
            do { _ = try IPv6Packet(packet.payload).totalLength } catch {
                if case .unsupportedVersion = error { return .nonIPv6Payload }
                return .malformedPacket
            }
        case ProtocolNumber.ipv4:
            do { _ = try IPv4Packet(packet.payload).totalLength } catch {
                if case .unsupportedVersion = error { return .nonIPv4Payload }
                return .malformedPacket
            }
        default: break
        }
        switch packet.opcode {
        case .forward, .echoRequestAndForward:
            // Only IPv6 is routed here.
            return packet.nextHeader == ProtocolNumber.ipv6 ? nil : .invalidAYIYAForward
        case .noOperation, .echoRequest, .echoResponse: return nil
        }
    }
}
