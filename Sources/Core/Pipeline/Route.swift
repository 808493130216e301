internal import Wire

/// Where a packet goes, by the bits of its destination.
enum Route {
    /// Decides the fate of a packet whose source is in order.
    @inline(__always)
    static func verdict(
        for packet: borrowing IPv6Packet,
        to destination: IPv6Address,
        from ingress: Ingress,
        _ tables: borrowing ForwardingTables
    ) -> Verdict {
        let owner = tables.plan.owner(of: destination)
        tables.note(.destination(owner), about: ingress.tunnel)
        return switch owner {
        case .local(let tid): Self.verdictForUs(on: tid, from: ingress, tables)
        case .remote(let tid), .routed(let tid): Self.verdict(for: packet, into: tid, from: ingress, tables)
        case .unassigned(let tid):
            .reply(Self.obstacle(on: tid, tables) ?? .unassignedAddress, concerning: ingress.tunnel ?? tid)
        case .daemon: .deliver(nil)
        case .nobody: .reply(.noSuchTunnel, concerning: ingress.tunnel)
        case .external: Self.verdict(for: packet, external: destination, from: ingress, tables)
        }
    }

    /// Why a tunnel can't take packets, or nil when it can.
    private static func obstacle(on tid: TID, _ tables: borrowing ForwardingTables) -> ICMPv6Error? {
        switch tables.entries[tid].condition {
        case .none: .noSuchTunnel
        case .disabled: .tunnelDisabled
        case .down: .tunnelDown
        case .up: nil
        }
    }

    private static func verdictForUs(
        on tid: TID,
        from ingress: Ingress,
        _ tables: borrowing ForwardingTables
    ) -> Verdict {
        guard let error = Self.obstacle(on: tid, tables) else { return .deliver(tid) }
        return .reply(error, concerning: ingress.tunnel ?? tid)
    }

    private static func verdict(
        for packet: borrowing IPv6Packet,
        into tid: TID,
        from ingress: Ingress,
        _ tables: borrowing ForwardingTables
    ) -> Verdict {
        // An error comes from the incoming tunnel's address if there is one.
        let speaker = ingress.tunnel ?? tid
        if ingress == .tunnel(tid) { return .drop(.sameIngressAndEgress) }
        if let error = Self.obstacle(on: tid, tables) { return .reply(error, concerning: speaker) }
        let mtu = Int(tables.entries[tid].effectiveMTU)
        tables.note(.measured(octets: packet.totalLength, mtu: mtu), about: speaker)
        if packet.totalLength > mtu { return .reply(.packetTooBig(mtu: mtu), concerning: speaker) }
        return packet.hopLimit > 1 ? .encapsulate(tid) : .reply(.hopLimitExceeded, concerning: speaker)
    }

    private static func verdict(
        for packet: borrowing IPv6Packet,
        external destination: IPv6Address,
        from ingress: Ingress,
        _ tables: borrowing ForwardingTables
    ) -> Verdict {
        // What the kernel routed to us and isn't ours would go round in circles.
        guard case .tunnel(let tid) = ingress else { return .drop(.impossibleDestination) }
        if destination.isMulticast || destination.isLinkLocalUnicast {
            return SourcePolicy.isOurs(destination, on: tid, tables.plan)
                ? .deliver(tid) : .drop(.impossibleDestination)
        }
        if destination.isIPv4Compatible || destination.isIPv4Mapped { return .drop(.impossibleDestination) }
        return packet.hopLimit > 1 ? .transmitToUplink : .reply(.hopLimitExceeded, concerning: tid)
    }
}

extension ForwardingTables {
    /// Decides the fate of a packet; pure: the same tables, packet and ingress always give the same verdict.
    func verdict(for packet: borrowing IPv6Packet, from ingress: Ingress) -> Verdict {
        let source = packet.source
        let destination = packet.destination
        if let verdict = SourcePolicy.rejection(of: source, from: ingress, to: destination, self) {
            return verdict
        }
        return Route.verdict(for: packet, to: destination, from: ingress, self)
    }
}
