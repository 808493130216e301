internal import Wire

extension Engine {
    /// The most octets of an ICMPv4 error, its IPv4 header included (RFC 1812 §4.3.2.3).
    private static let icmpv4ErrorLength = 576

    /// Drops a bare packet from an endpoint that no tunnel takes it from, and says so to its sender where the
    /// operator wants that (RFC 4213 §3.6: SHOULD NOT, hence off by default).
    mutating func refuse(
        _ buffer: inout PacketBuffer,
        _ reason: DropReason,
        tunnel tid: TID?,
        _ outer: OuterHeader,
        _ now: Timestamp
    ) -> Output {
        guard self.configuration.answersProtocolUnreachable, reason.isAboutEndpoint, outer.octetsInFront > 0,
            case (.ipv4(let local), .ipv4(let remote)) = (outer.path.local, outer.path.remote),
            remote.isUnicast
        else { return self.dropRefused(buffer, reason, tunnel: tid, outer, now) }
        guard self.mayTell(outer.path.remote, .protocolUnreachable, about: nil, now) else {
            return self.dropRefused(buffer, reason, tunnel: tid, outer, now)
        }
        if reason == .missingTunnel {
            self.recordUnknownSender(buffer, from: outer.path.remote, at: now)
        } else if let kind = reason.errorKind {
            self.recordError(kind, of: tid, buffer.packet, source: outer.path.remote, at: now)
        }
        self.note(.answered, about: tid)
        self.accounting.answered &+= 1
        buffer.prepend(outer.octetsInFront)
        buffer.makeProtocolUnreachable(from: local, to: remote, length: Self.icmpv4ErrorLength)
        return Output(packet: .underlay(outer.path.remote, tunnel: nil, .own))
    }

    private mutating func dropRefused(
        _ buffer: borrowing PacketBuffer,
        _ reason: DropReason,
        tunnel tid: TID?,
        _ outer: OuterHeader,
        _ now: Timestamp
    ) -> Output {
        let remote = outer.path.remote
        if reason == .missingTunnel { return self.dropUnknownSender(buffer, from: remote, at: now) }
        return self.drop(buffer, reason, tunnel: tid, source: remote, at: now)
    }
}

extension DropReason {
    /// Whether the packet came from an outer address that may not send it.
    fileprivate var isAboutEndpoint: Bool {
        switch self {
        case .wrongEndpoint, .missingTunnel, .spoofedSource, .downTunnel, .disabledTunnel: true
        default: false
        }
    }
}

extension PacketBuffer {
    /// Turns the IPv4 packet in the buffer into an ICMPv4 protocol unreachable (3/2) about it (RFC 792).
    @_lifetime(self: copy self)
    fileprivate mutating func makeProtocolUnreachable(
        from source: IPv4Address,
        to destination: IPv4Address,
        length: Int
    ) {
        self.truncate(to: length - IPv4Packet.minimumHeaderLength - ICMPv4Message.headerLength)
        let quoted = self.count
        self.prepend(ICMPv4Message.headerLength)
        ICMPv4Message.encodeHeader(
            into: &self.bytes,
            at: self.range.lowerBound,
            type: 3,
            code: 2,
            bodyLength: quoted
        )
        self.prependICMPv4Header(from: source, to: destination)
    }

    /// Puts an IPv4 header in front of an ICMPv4 message.
    @_lifetime(self: copy self)
    mutating func prependICMPv4Header(from source: IPv4Address, to destination: IPv4Address) {
        self.prepend(IPv4Packet.minimumHeaderLength)
        IPv4Header(
            totalLength: UInt16(clamping: self.count),
            timeToLive: Engine.outerHopLimit,
            protocolNumber: ProtocolNumber.icmpv4,
            source: source,
            destination: destination
        ).encode(into: &self.bytes, at: self.range.lowerBound)
    }
}
