internal import Wire

/// Takes inner packets of a tunnel that was found in order so far.
enum InnerArrivals {
    /// Has an inner packet be as it is after decapsulation, and counts it.
    ///
    /// - Returns: Whether it may go on.
    @inline(__always)
    static func accept(
        _ buffer: inout PacketBuffer,
        _ arrival: InnerArrival,
        _ outer: OuterHeader,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Bool {
        guard buffer.combineECN(withOuter: outer.trafficClass) else { return false }
        Self.followStatic(arrival.tid, as: arrival.encapsulation, outer.path, to: buffer.packet, &tables)
        buffer.truncate(to: arrival.length)
        tables.forwarding.tunnels[arrival.tid].traffic.ingress.count(buffer.count, at: now)
        return true
    }

    /// Has a static tunnel answer as its last valid packet came in: 6in4 and GRE may alternate, and so may our own
    /// addresses that the user sends to.
    @inline(__always)
    private static func followStatic(
        _ tid: TID,
        as encapsulation: Encapsulation,
        _ path: OuterPath,
        to packet: RawSpan,
        _ tables: inout Tables
    ) {
        guard !tables.forwarding.tunnels[tid].isDynamic,
            tables.forwarding.tunnels[tid].session.encapsulation != encapsulation
                || tables.forwarding.tunnels[tid].session.path != path
        else { return }
        Self.moveStatic(tid, as: encapsulation, path, to: packet, &tables)
    }

    @inline(never)
    private static func moveStatic(
        _ tid: TID,
        as encapsulation: Encapsulation,
        _ path: OuterPath,
        to packet: RawSpan,
        _ tables: inout Tables
    ) {
        // A packet that is only answered with an error is not valid.
        let source = packet.ipv6Address(at: IPv6Header.Offset.source)
        if case .unassigned = tables.forwarding.plan.owner(of: source) { return }
        let isFollowed = tables.changeSession(of: tid) { session in
            // It may have been moved by a configuration that this engine doesn't have yet.
            guard session.path?.remote == path.remote else { return false }
            session.encapsulation = encapsulation
            session.move(to: path)
            return true
        }
        if isFollowed { tables.note(.followed(encapsulation, path), about: tid) }
    }
}
