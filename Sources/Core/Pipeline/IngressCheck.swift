internal import Wire

/// Whose outer packet something is: the outer header, and what a payload claims.
enum IngressCheck {
    /// Why a packet is taken from nobody, or nil: one that came to a group or from no single host.
    ///
    /// Who answers a group answers for all who are in it, or speaks with its address.
    @inline(__always)
    static func rejection(of outer: OuterHeader) -> DropReason? {
        if outer.isBetweenHosts { return nil }
        return outer.isToGroup || outer.path.local.isGroup ? .impossibleDestination : .wrongEndpoint
    }

    /// Drops a packet that may not go on.
    static func drop(
        _ buffer: borrowing PacketBuffer,
        _ reason: DropReason,
        from ingress: Ingress,
        source: IPv6Address,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Output {
        guard reason == .impossibleSource, ingress == .uplink,
            buffer.packet.ipv6Address(at: IPv6Header.Offset.destination).isMulticast
        else { return tables.drop(buffer, reason, tunnel: ingress.tunnel, source: .ipv6(source), at: now) }
        // The host's own word to the device's link (multicast listener reports): no router forwards such a packet.
        tables.note(.dropped(reason), about: nil)
        tables.accounting.drop(reason)
        return Output()
    }

    // MARK: - Bare packets

    /// The tunnel that a bare inner packet says it comes from, or nil when none may send from there.
    @inline(__always)
    static func sender(
        of packet: borrowing IPv6Packet,
        at remote: IPAddress,
        _ tables: inout Tables
    ) -> TID? {
        let source = packet.source
        switch tables.forwarding.plan.owner(of: source) {
        case .remote(let tid), .unassigned(let tid), .routed(let tid): return tid
        case .local, .daemon, .nobody, .external: break
        }
        guard source.isLinkLocalUnicast else { return nil }
        return Self.linkLocalSender(to: packet.destination, at: remote, &tables)
    }

    /// The tunnel that a bare inner packet with a link-local source comes from: the one at the outer address.
    private static func linkLocalSender(
        to destination: IPv6Address,
        at remote: IPAddress,
        _ tables: inout Tables
    ) -> TID? {
        // Several tunnels may share the address: the one whose own addresses are spoken to comes first.
        Self.addressee(of: destination, at: remote, &tables) ?? tables.tunnel(at: remote)
    }

    /// The tunnel at an outer address whose own address, or its group, a destination is; by its bits, however many are there.
    private static func addressee(
        of destination: IPv6Address,
        at remote: IPAddress,
        _ tables: inout Tables
    ) -> TID? {
        if case .local(let tid) = tables.forwarding.plan.owner(of: destination), tables.isAt(remote, tid) {
            return tid
        }
        for tid in AddressPlan.linkLocalOwners(of: destination) where tables.isAt(remote, tid) { return tid }
        return nil
    }

    /// Why a tunnel doesn't take a bare packet, or nil when it does.
    @inline(__always)
    static func rejection(
        by tid: TID,
        _ encapsulation: Encapsulation,
        _ path: OuterPath,
        _ tables: borrowing ForwardingTables
    ) -> DropReason? {
        switch tables.entries[tid].condition {
        case .none: return .missingTunnel
        case .disabled: return .disabledTunnel
        case .down: return .downTunnel
        case .up: break
        }
        if tables.tunnels[tid].session.encapsulation.isSigned { return .unsignedPacket }
        // A heartbeat authenticates 6in4 from one address, and nothing else.
        if tables.tunnels[tid].isDynamic, encapsulation != .sixInFour { return .wrongEndpoint }
        return tables.tunnels[tid].session.path?.remote == path.remote ? nil : .wrongEndpoint
    }

    // MARK: - What is signed

    /// The tunnel whose user signs as an address.
    ///
    /// - Throws: When no tunnel's user has it.
    @inline(__always)
    static func signer(
        as identity: IPv6Address,
        _ tables: borrowing ForwardingTables
    ) throws(Refusal) -> TID {
        switch tables.plan.owner(of: identity) {
        case .remote(let owner), .unassigned(let owner), .routed(let owner): return owner
        default: throw Refusal(.spoofedSource, of: nil)
        }
    }

    /// Checks whether a tunnel can be spoken for from an outer address.
    ///
    /// - Parameters:
    ///   - tid: The tunnel.
    ///   - remote: The address.
    ///   - unfit: What to say of a tunnel that is not of this protocol.
    ///   - hasSecret: Whether there is something to sign with.
    ///   - tables: What is known of it.
    /// - Throws: When it can't.
    @inline(__always)
    static func checkSigner(
        _ tid: TID,
        at remote: IPAddress,
        else unfit: DropReason,
        hasSecret: Bool,
        _ tables: borrowing ForwardingTables
    ) throws(Refusal) {
        guard tables.isExternal(remote) else { throw Refusal(.endpointInsideTunnel, of: tid) }
        switch tables.entries[tid].condition {
        case .none: throw Refusal(.missingTunnel, of: nil)
        case .disabled: throw Refusal(.disabledTunnel, of: tid)
        case .down, .up: break
        }
        guard tables.tunnels[tid].isDynamic, hasSecret else { throw Refusal(unfit, of: tid) }
    }
}

/// A packet that was refused, and the tunnel it belongs to if that is known.
struct Refusal: Error {
    var reason: DropReason
    var tid: TID?

    init(_ reason: DropReason, of tid: TID?) {
        self.reason = reason
        self.tid = tid
    }
}
