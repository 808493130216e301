import Testing
import Wire

@testable import sixxs_client

/// The tunnel that all tests of the client use, and both ends' packets in it.
enum TestTunnel {
    static let password = "f3d47c2de40fb698e1ab15d757a09bfc"
    static let secret = AYIYASecret(password: password)
    static let us = IPv6Address(high: 0x2001_0db8_02ff_0001, low: 2)
    static let pop = IPv6Address(high: 0x2001_0db8_02ff_0001, low: 1)
    static let internet = IPv6Address(high: 0x2001_0db8_ffff_0000, low: 0x10)
    static let epoch: UInt64 = 1_234_567_890

    static func time(_ seconds: Double) -> ClientTime {
        Self.time(.milliseconds(Int64(seconds * 1000)))
    }

    static func time(_ duration: Duration) -> ClientTime {
        ClientTime(monotonic: duration, epoch: Self.epoch + UInt64(duration.components.seconds))
    }

    static func session(
        _ encapsulation: TunnelProtocol = .ayiya(secret),
        interval: Duration = .seconds(60)
    ) -> TunnelSession {
        TunnelSession(
            SessionSettings(identity: Self.us, encapsulation: encapsulation, beatInterval: interval),
            at: Self.time(0),
            identifier: 0x1234,
            magic: 0x0123_4567_89ab_cdef
        )
    }

    /// An IPv6 packet with four octets of an unassigned protocol.
    static func packet(
        from source: IPv6Address,
        to destination: IPv6Address,
        trafficClass: UInt8 = 0
    ) -> [UInt8] {
        Self.octets(44) { bytes in
            IPv6Header(
                trafficClass: trafficClass,
                payloadLength: 4,
                nextHeader: 253,
                hopLimit: 64,
                source: source,
                destination: destination
            ).encode(into: &bytes, at: 0)
            bytes.storeBigEndian(UInt32(0x0102_0304), at: 40)
        }
    }

    /// A datagram as the PoP sends it.
    static func datagram(
        _ opcode: AYIYAOpcode = .forward,
        _ payload: [UInt8] = packet(from: internet, to: us),
        nextHeader: UInt8 = ProtocolNumber.ipv6,
        epoch: UInt64 = epoch,
        identity: IPv6Address = pop,
        secret: AYIYASecret = secret
    ) -> [UInt8] {
        Self.octets(AYIYAPacket.headerLength + payload.count) { bytes in
            bytes.store(payload.span.bytes, at: AYIYAPacket.headerLength)
            AYIYAHeader(
                opcode: opcode,
                nextHeader: nextHeader,
                epochTime: UInt32(truncatingIfNeeded: epoch),
                identity: identity
            ).encode(into: &bytes, at: 0, payloadLength: payload.count, signedWith: secret)
        }
    }

    /// An IPv4 packet of a protocol.
    static func outerPacket(
        _ payload: [UInt8],
        protocolNumber: UInt8 = ProtocolNumber.ipv6,
        trafficClass: UInt8 = 0
    ) -> [UInt8] {
        Self.octets(20 + payload.count) { bytes in
            bytes.store(payload.span.bytes, at: 20)
            IPv4Header(
                trafficClass: trafficClass,
                totalLength: UInt16(20 + payload.count),
                timeToLive: 64,
                protocolNumber: protocolNumber,
                source: IPv4Address(192, 0, 2, 1),
                destination: IPv4Address(192, 0, 2, 2)
            ).encode(into: &bytes, at: 0)
        }
    }

    /// The PoP's answer to an echo request that the session sent.
    static func answer(to request: [UInt8]) -> [UInt8] {
        var answer = request
        return Self.edit(&answer) { bytes in
            IPv6Header(
                payloadLength: UInt16(request.count - 40),
                nextHeader: ProtocolNumber.icmpv6,
                hopLimit: 64,
                source: Self.pop,
                destination: Self.us
            ).encode(into: &bytes, at: 0)
            ICMPv6Message.encodeHeader(
                into: &bytes,
                at: 40,
                type: ICMPv6Message.MessageType.echoReply,
                code: 0,
                parameter: bytes.bytes.bigEndian(at: 44),
                bodyLength: request.count - 48,
                addresses: (Self.pop, Self.us)
            )
        }
    }

    static func octets(_ count: Int, _ body: (inout MutableRawSpan) -> Void) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: count)
        return Self.edit(&octets, body)
    }

    @discardableResult
    static func edit(_ octets: inout [UInt8], _ body: (inout MutableRawSpan) -> Void) -> [UInt8] {
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        body(&bytes)
        return octets
    }
}

extension TunnelSession {
    /// Receives something that lies at the start of a buffer.
    mutating func receive(
        _ octets: inout [UInt8],
        trafficClass: UInt8 = 0,
        expecting signature: SHA1Digest? = nil,
        at now: ClientTime = TestTunnel.time(0)
    ) -> Outcome {
        let range = 0..<octets.count
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        return self.receive(
            &bytes,
            range,
            trafficClass: trafficClass,
            expecting: signature,
            at: now
        )
    }

    /// Receives something that is not looked at afterwards.
    mutating func receive(
        _ octets: [UInt8],
        trafficClass: UInt8 = 0,
        expecting signature: SHA1Digest? = nil,
        at now: ClientTime = TestTunnel.time(0)
    ) -> Outcome {
        var octets = octets
        return self.receive(&octets, trafficClass: trafficClass, expecting: signature, at: now)
    }
}
