internal import Wire

extension Engine {
    /// Answers a packet with an ICMPv6 error, if one may be sent about it, or else drops it.
    ///
    /// - Parameters:
    ///   - buffer: The packet; afterwards the error.
    ///   - spare: Takes a second fragment.
    ///   - error: What to say.
    ///   - tid: The tunnel whose `::1` is the error's source; nil for the daemon's own address.
    ///   - ingress: Where the packet came from and the error goes.
    ///   - source: The packet's source.
    ///   - now: The time.
    /// - Returns: Where the buffer goes.
    mutating func reply(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        _ error: ICMPv6Error,
        concerning tid: TID?,
        from ingress: Ingress,
        source: IPv6Address,
        _ now: Timestamp
    ) -> Output {
        let origin = tid.map { self.plan.localAddress(of: $0) } ?? self.plan.daemonAddress
        if let obstacle = self.obstacle(to: error, about: buffer, from: origin, to: source, tid, now) {
            self.note(.withheld(obstacle), about: ingress.tunnel ?? tid)
            return self.drop(buffer, error.dropReason, tunnel: tid, source: .ipv6(source), at: now)
        }
        if let kind = error.dropReason.errorKind, error.countsWhenAnswered {
            self.recordError(kind, of: tid, buffer.packet, source: .ipv6(source), at: now)
        }
        self.note(.refused(error, source: origin), about: ingress.tunnel ?? tid)
        buffer.makeICMPv6Error(error, from: origin, to: source)
        return self.answer(&buffer, spare: &spare, back: ingress, now)
    }

    /// Why an error may not be sent, or nil; then its token is taken.
    private func obstacle(
        to error: ICMPv6Error,
        about buffer: borrowing PacketBuffer,
        from origin: IPv6Address,
        to source: IPv6Address,
        _ tid: TID?,
        _ now: Timestamp
    ) -> ErrorObstacle? {
        // Without a tunnel prefix there is no address to speak from (RFC 4443 §2.2).
        guard source.isUnicast, source != origin, origin != .unspecified, !self.isAnycast(source) else {
            return .source
        }
        guard Self.mayBeAnswered(buffer.packet, with: error) else { return .packet }
        return self.mayTell(.ipv6(source), error.kind, about: tid, now) ? nil : .rate
    }

    /// Takes a token for a message to somebody, if there is one.
    func mayTell(_ remote: IPAddress, _ kind: ICMPKind, about tid: TID?, _ now: Timestamp) -> Bool {
        let places = ICMPLimits.Places(of: remote, by: self.limitHash)
        return self.sessions.takeToken(
            for: kind,
            about: tid,
            to: places,
            self.configuration.icmpRate,
            at: now.monotonic
        )
    }

    /// Whether an address is the subnet-router anycast address of a /64 of ours (RFC 4291 §2.6.1), which names no
    /// single node (RFC 4443 §2.4(e.6)).
    private func isAnycast(_ source: IPv6Address) -> Bool {
        source.low == 0 && self.plan.owner(of: source) != .external
    }

    /// RFC 4443 §2.4(e): never about an error or redirect, never about a multicast destination, save packet too big.
    private static func mayBeAnswered(_ octets: RawSpan, with error: ICMPv6Error) -> Bool {
        guard let packet = try? IPv6Packet(octets), !packet.mayBeICMPv6ErrorOrRedirect else { return false }
        guard packet.destination.isMulticast else { return true }
        if case .packetTooBig = error { return true }
        return false
    }
}

extension ICMPv6Error {
    /// Whether the packet counts as an operator's error although it was answered.
    fileprivate var countsWhenAnswered: Bool {
        switch self {
        case .tunnelDisabled, .packetTooBig, .sourceFailedPolicy: true
        default: false
        }
    }
}

extension PacketBuffer {
    /// Hop limit of ICMPv6 messages of our own.
    static let icmpHopLimit: UInt8 = 64

    /// Turns the packet in the buffer into an ICMPv6 error about it, which quotes as much as fits in 1280 octets
    /// (RFC 4443 §2.4(c)).
    @_lifetime(self: copy self)
    mutating func makeICMPv6Error(_ error: ICMPv6Error, from source: IPv6Address, to destination: IPv6Address)
    {
        self.truncate(to: IPv6Packet.minimumMTU - IPv6Packet.headerLength - ICMPv6Message.headerLength)
        let quoted = self.count
        self.prepend(ICMPv6Message.headerLength)
        ICMPv6Message.encodeHeader(
            into: &self.bytes,
            at: self.range.lowerBound,
            type: error.type,
            code: error.code,
            parameter: error.parameter,
            bodyLength: quoted,
            addresses: (source, destination)
        )
        self.prependICMPv6Header(from: source, to: destination, hopLimit: Self.icmpHopLimit)
    }

    /// Puts an IPv6 header in front of an ICMPv6 message.
    @_lifetime(self: copy self)
    mutating func prependICMPv6Header(from source: IPv6Address, to destination: IPv6Address, hopLimit: UInt8)
    {
        let payloadLength = self.count
        self.prepend(IPv6Packet.headerLength)
        IPv6Header(
            payloadLength: UInt16(clamping: payloadLength),
            nextHeader: ProtocolNumber.icmpv6,
            hopLimit: hopLimit,
            source: source,
            destination: destination
        ).encode(into: &self.bytes, at: self.range.lowerBound)
    }
}
