internal import Wire

/// Sends latency probes to tunnels and other PoPs, and takes their replies.
enum Probing {
    /// A probe that lies in a buffer.
    enum Probe {
        /// Of a tunnel: still without what the tunnel's packets have.
        case tunnel(TID)
        /// Of another PoP.
        case pop(IPAddress)
    }

    /// Makes the next probe that is due.
    ///
    /// - Returns: What it is; nil when none is due.
    static func next(in buffer: inout PacketBuffer, _ tables: inout Tables, _ now: Timestamp) -> Probe? {
        tables.probes.prober.advance(to: now)
        while let tid = tables.probes.prober.takeTunnel() {
            guard tables.forwarding.entries[tid].condition == .up,
                tables.forwarding.tunnels[tid].session.path != nil
            else { continue }
            return Self.probe(tid, in: &buffer, &tables, now) ? .tunnel(tid) : nil
        }
        while let place = tables.probes.prober.takePoP(of: 2 * tables.probes.pops.count) {
            if let remote = Self.probePoP(at: place / 2, isIPv6: place % 2 == 1, in: &buffer, &tables, now) {
                return .pop(remote)
            }
        }
        return nil
    }

    private static func probe(
        _ tid: TID,
        in buffer: inout PacketBuffer,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Bool {
        guard tables.probes.writeBody(for: .tunnel(tid), in: &buffer, now) else { return false }
        let sequence = tables.probes.prober.sequence
        tables.forwarding.tunnels[tid].latency.sent &+= 1
        tables.sessions.setPendingProbe(sequence, of: tid)
        buffer.makeEchoRequest(
            identifier: tid.rawValue,
            sequence,
            from: tables.forwarding.plan.localAddress(of: tid),
            to: tables.forwarding.plan.remoteAddress(of: tid)
        )
        return true
    }

    private static func probePoP(
        at index: Int,
        isIPv6: Bool,
        in buffer: inout PacketBuffer,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> IPAddress? {
        guard let own = tables.configuration.ownDetails else { return nil }
        let details = tables.probes.pops[index].details
        let id = UInt16(clamping: details.id)
        guard tables.probes.writeBody(for: .pop(id: id, isIPv6: isIPv6), in: &buffer, now) else { return nil }
        tables.probes.noteSent(to: index, isIPv6: isIPv6)
        let sequence = tables.probes.prober.sequence
        guard isIPv6 else {
            buffer.makeEchoRequest(identifier: id, sequence, from: own.ipv4, to: details.ipv4)
            return .ipv4(details.ipv4)
        }
        buffer.makeEchoRequest(identifier: id, sequence, from: own.ipv6, to: details.ipv6)
        return .ipv6(details.ipv6)
    }

    /// Counts a reply that came out of a tunnel.
    static func noteReply(_ reply: ProbeReply, from tid: TID, _ tables: inout Tables, _ now: Timestamp) {
        guard reply.target == .tunnel(tid), tables.probes.prober.isCurrent(reply.magic, at: now),
            let age = reply.age(at: now),
            tables.sessions.takeProbe(reply.sequence, of: tid, after: age / 1000)
        else { return }
        tables.forwarding.tunnels[tid].latency.count(microseconds: age / 1000)
    }
}
