internal import Wire

/// BCP 38: who may send from an inner address.
enum SourcePolicy {
    /// Why a packet with this source is rejected, or nil.
    @inline(__always)
    static func rejection(
        of source: IPv6Address,
        from ingress: Ingress,
        to destination: IPv6Address,
        _ tables: borrowing ForwardingTables
    ) -> Verdict? {
        guard Self.isPossible(source) else { return .drop(.impossibleSource) }
        switch ingress {
        case .uplink:
            if source.isLinkLocalUnicast { return .drop(.impossibleSource) }
            let owner = tables.plan.owner(of: source)
            tables.note(.source(owner), about: nil)
            return owner == .external ? nil : .drop(.ownSourceFromUplink)
        case .tunnel(let tid):
            if source.isLinkLocalUnicast {
                return Self.isOurs(destination, on: tid, tables.plan) ? nil : .drop(.impossibleSource)
            }
            return Self.rejection(of: source, from: tid, tables)
        }
    }

    /// Whether one node can have this address and send from it: neither multicast, unspecified, loopback,
    /// IPv4-compatible nor IPv4-mapped (RFC 4213 §3.6).
    static func isPossible(_ source: IPv6Address) -> Bool {
        !source.isMulticast && !source.isIPv4Compatible && !source.isIPv4Mapped
    }

    /// Only the tunnel's own addresses may be its packets' sources.
    private static func rejection(
        of source: IPv6Address,
        from tid: TID,
        _ tables: borrowing ForwardingTables
    ) -> Verdict? {
        let owner = tables.plan.owner(of: source)
        tables.note(.source(owner), about: tid)
        return switch owner {
        case .remote(tid), .routed(tid): nil
        case .unassigned(tid): .reply(.sourceFailedPolicy, concerning: tid)
        default: .drop(.spoofedSource)
        }
    }

    /// Whether a link-local source may speak to this address: neighbour discovery with us.
    static func isOurs(_ destination: IPv6Address, on tid: TID, _ plan: AddressPlan) -> Bool {
        let linkLocal = AddressPlan.linkLocalAddress(of: tid)
        let local = plan.localAddress(of: tid)
        return destination == linkLocal || destination == local || destination == linkLocal.solicitedNode
            || destination == local.solicitedNode
    }
}
