internal import Wire

extension Forwarder {
    /// Decides the fate of a packet; pure: the same engine, packet and ingress always give the same verdict.
    func verdict(for packet: borrowing IPv6Packet, from ingress: Ingress) -> Verdict {
        let source = packet.source
        if let verdict = self.rejection(of: source, from: ingress, destination: packet.destination) {
            return verdict
        }
        return self.verdict(for: packet, to: packet.destination, from: ingress)
    }

    // MARK: - Source

    /// Why a packet with this source is rejected, or nil.
    private func rejection(
        of source: IPv6Address,
        from ingress: Ingress,
        destination: IPv6Address
    ) -> Verdict? {
        guard Self.isPossibleSource(source) else { return .drop(.impossibleSource) }
        switch ingress {
        case .uplink:
            if source.isLinkLocalUnicast { return .drop(.impossibleSource) }
            let owner = self.plan.owner(of: source)
            self.note(.source(owner), about: nil)
            return owner == .external ? nil : .drop(.ownSourceFromUplink)
        case .tunnel(let tid):
            if source.isLinkLocalUnicast {
                return self.isOurs(destination, on: tid) ? nil : .drop(.impossibleSource)
            }
            return self.rejection(of: source, from: tid)
        }
    }

    /// Whether one node can have this address and send from it: neither multicast, unspecified, loopback,
    /// IPv4-compatible nor IPv4-mapped (RFC 4213 §3.6).
    static func isPossibleSource(_ source: IPv6Address) -> Bool {
        !source.isMulticast && !source.isIPv4Compatible && !source.isIPv4Mapped
    }

    /// BCP 38: only the tunnel's own addresses may be its packets' sources.
    private func rejection(of source: IPv6Address, from tid: TID) -> Verdict? {
        let owner = self.plan.owner(of: source)
        self.note(.source(owner), about: tid)
        return switch owner {
        case .remote(tid), .routed(tid): nil
        case .unassigned(tid): .reply(.sourceFailedPolicy, concerning: tid)
        default: .drop(.spoofedSource)
        }
    }

    /// Whether a link-local source may speak to this address: neighbour discovery with us.
    func isOurs(_ destination: IPv6Address, on tid: TID) -> Bool {
        let linkLocal = AddressPlan.linkLocalAddress(of: tid)
        let local = self.plan.localAddress(of: tid)
        return destination == linkLocal || destination == local || destination == linkLocal.solicitedNode
            || destination == local.solicitedNode
    }

    // MARK: - Destination

    private func verdict(
        for packet: borrowing IPv6Packet,
        to destination: IPv6Address,
        from ingress: Ingress
    ) -> Verdict {
        let owner = self.plan.owner(of: destination)
        self.note(.destination(owner), about: ingress.tunnel)
        return switch owner {
        case .local(let tid): self.verdictForUs(on: tid, from: ingress)
        case .remote(let tid), .routed(let tid): self.verdict(for: packet, into: tid, from: ingress)
        case .unassigned(let tid):
            .reply(self.unusable(tid) ?? .unassignedAddress, concerning: ingress.tunnel ?? tid)
        case .daemon: .deliver(nil)
        case .nobody: .reply(.noSuchTunnel, concerning: ingress.tunnel)
        case .external: self.verdict(for: packet, external: destination, from: ingress)
        }
    }

    /// Why a tunnel can't take packets, or nil when it can.
    private func unusable(_ tid: TID) -> ICMPv6Error? {
        switch self.entries[tid].condition {
        case .none: .noSuchTunnel
        case .disabled: .tunnelDisabled
        case .down: .tunnelDown
        case .up: nil
        }
    }

    private func verdictForUs(on tid: TID, from ingress: Ingress) -> Verdict {
        guard let error = self.unusable(tid) else { return .deliver(tid) }
        return .reply(error, concerning: ingress.tunnel ?? tid)
    }

    private func verdict(for packet: borrowing IPv6Packet, into tid: TID, from ingress: Ingress) -> Verdict {
        // An error comes from the incoming tunnel's address if there is one.
        let speaker = ingress.tunnel ?? tid
        if ingress == .tunnel(tid) { return .drop(.sameIngressAndEgress) }
        if let error = self.unusable(tid) { return .reply(error, concerning: speaker) }
        let mtu = Int(self.entries[tid].effectiveMTU)
        self.note(.measured(octets: packet.totalLength, mtu: mtu), about: speaker)
        if packet.totalLength > mtu { return .reply(.packetTooBig(mtu: mtu), concerning: speaker) }
        return packet.hopLimit > 1 ? .encapsulate(tid) : .reply(.hopLimitExceeded, concerning: speaker)
    }

    private func verdict(
        for packet: borrowing IPv6Packet,
        external destination: IPv6Address,
        from ingress: Ingress
    ) -> Verdict {
        // What the kernel routed to us and isn't ours would go round in circles.
        guard case .tunnel(let tid) = ingress else { return .drop(.impossibleDestination) }
        if destination.isMulticast || destination.isLinkLocalUnicast {
            return self.isOurs(destination, on: tid) ? .deliver(tid) : .drop(.impossibleDestination)
        }
        if destination.isIPv4Compatible || destination.isIPv4Mapped { return .drop(.impossibleDestination) }
        return packet.hopLimit > 1 ? .transmitToUplink : .reply(.hopLimitExceeded, concerning: tid)
    }
}
