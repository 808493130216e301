internal import Wire

/// Answers a packet with an ICMPv6 error, if one may be sent about it (RFC 4443 §2.4).
enum ErrorReply {
    /// Turns a packet into an error about it, or drops it.
    ///
    /// - Parameters:
    ///   - error: What to say.
    ///   - buffer: The packet; afterwards the error.
    ///   - tid: The tunnel whose `::1` is the error's source; nil for the daemon's own address.
    ///   - ingress: Where the packet came from.
    ///   - source: The packet's source.
    ///   - tables: Where the packet is counted.
    ///   - now: The time.
    /// - Returns: Whether there is an error to be sent back.
    static func make(
        _ error: ICMPv6Error,
        about buffer: inout PacketBuffer,
        concerning tid: TID?,
        from ingress: Ingress,
        source: IPv6Address,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Bool {
        let plan = tables.forwarding.plan
        let origin = tid.map { plan.localAddress(of: $0) } ?? plan.daemonAddress
        if let obstacle = Self.obstacle(to: error, about: buffer, from: origin, to: source, tid, &tables, now)
        {
            tables.note(.withheld(obstacle), about: ingress.tunnel ?? tid)
            _ = tables.drop(buffer, error.dropReason, tunnel: tid, source: .ipv6(source), at: now)
            return false
        }
        if let kind = error.dropReason.errorKind, error.countsWhenAnswered {
            tables.recordError(kind, of: tid, buffer.packet, source: .ipv6(source), at: now)
        }
        tables.note(.refused(error, source: origin), about: ingress.tunnel ?? tid)
        buffer.makeICMPv6Error(error, from: origin, to: source)
        return true
    }

    /// Why an error may not be sent, or nil; then its token is taken.
    private static func obstacle(
        to error: ICMPv6Error,
        about buffer: borrowing PacketBuffer,
        from origin: IPv6Address,
        to source: IPv6Address,
        _ tid: TID?,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> ErrorObstacle? {
        // Without a tunnel prefix there is no address to speak from (RFC 4443 §2.2).
        guard source.isUnicast, source != origin, origin != .unspecified,
            !Self.isAnycast(source, tables.forwarding)
        else { return .source }
        guard Self.mayBeAnswered(buffer.packet, with: error) else { return .packet }
        return tables.mayTell(.ipv6(source), error.kind, about: tid, now) ? nil : .rate
    }

    /// Whether an address is the subnet-router anycast address of a /64 of ours (RFC 4291 §2.6.1), which names no
    /// single node (RFC 4443 §2.4(e.6)).
    private static func isAnycast(_ source: IPv6Address, _ tables: borrowing ForwardingTables) -> Bool {
        source.low == 0 && tables.plan.owner(of: source) != .external
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
