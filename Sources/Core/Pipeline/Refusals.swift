internal import Wire

/// Drops bare packets that no tunnel takes, and says so to their senders where the operator wants that
/// (RFC 4213 §3.6: SHOULD NOT, hence off by default).
enum Refusals {
    /// Drops a bare packet from an endpoint that no tunnel takes it from.
    static func refuse(
        _ buffer: inout PacketBuffer,
        _ reason: DropReason,
        tunnel tid: TID?,
        _ outer: OuterHeader,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Output {
        guard Self.isAnswered(reason, outer, tables.configuration.answersProtocolUnreachable),
            tables.mayTell(outer.path.remote, .protocolUnreachable, about: nil, now)
        else { return Self.drop(buffer, reason, tunnel: tid, outer, &tables, now) }
        if reason == .missingTunnel {
            tables.recordUnknownSender(buffer, from: outer.path.remote, at: now)
        } else if let kind = reason.errorKind {
            tables.recordError(kind, of: tid, buffer.packet, source: outer.path.remote, at: now)
        }
        tables.note(.answered, about: tid)
        tables.accounting.answered &+= 1
        buffer.prepend(outer.octetsInFront)
        buffer.makeProtocolUnreachable(from: outer.path.local, to: outer.path.remote)
        return Output(packet: .underlay(outer.path.remote, tunnel: nil, .own))
    }

    /// Whether an ICMPv4 error may say that a packet was refused.
    private static func isAnswered(_ reason: DropReason, _ outer: OuterHeader, _ isWanted: Bool) -> Bool {
        guard isWanted, reason.isAboutEndpoint, outer.octetsInFront > 0,
            case (.ipv4, .ipv4(let remote)) = (outer.path.local, outer.path.remote)
        else { return false }
        return remote.isUnicast
    }

    private static func drop(
        _ buffer: borrowing PacketBuffer,
        _ reason: DropReason,
        tunnel tid: TID?,
        _ outer: OuterHeader,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Output {
        let remote = outer.path.remote
        if reason == .missingTunnel { return tables.dropUnknownSender(buffer, from: remote, at: now) }
        return tables.drop(buffer, reason, tunnel: tid, source: remote, at: now)
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
