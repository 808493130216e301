internal import Wire

/// What a verdict reads of a tunnel: 4 octets, so that those of all tunnels fit in the first cache.
///
/// The rest of what is known of a tunnel lies in its row, which is read only for packets that go there.
struct ForwardingEntry: Sendable {
    var condition = TunnelCondition.none
    /// Whether decisions about the tunnel are written down.
    var isTraced = false
    /// Size of the largest inner packet that needs no outer fragmentation, in octets, never below 1280
    /// (RFC 4213 §3.2).
    fileprivate(set) var effectiveMTU: UInt16 = 1280
}

extension Forwarder {
    /// Works out again whether a tunnel that is configured and not disabled carries packets; to be called when its type or
    /// its session changed.
    func refreshCondition(of tid: TID) {
        switch self.entries[tid].condition {
        case .none, .disabled: return
        case .down, .up: break
        }
        let isUp =
            !self.tunnels[tid].isDynamic
            || (self.tunnels[tid].session.isAlive && self.tunnels[tid].session.path != nil)
        self.entries[tid].condition = isUp ? .up : .down
    }

    /// Works out again how large the packets of all tunnels may be.
    func refreshMTUs() {
        for number in 0..<UInt16(TID.capacity) {
            if let tid = TID(rawValue: number) { self.refreshMTU(of: tid) }
        }
    }

    /// Works out again how large a tunnel's packets may be; to be called when its MTU, its ends, its encapsulation or
    /// what is known of its path changed.
    ///
    /// Reads field by field: a method of ``TunnelState`` would be given a copy of the whole row.
    func refreshMTU(of tid: TID) {
        let mtu = self.tunnels[tid].mtu
        self.entries[tid].effectiveMTU = mtu
        guard self.pathMTU == .dynamic, let pathMTU = self.tunnels[tid].session.pathMTU,
            let path = self.tunnels[tid].session.path
        else { return }
        let inner =
            Int(pathMTU.octets) - self.tunnels[tid].session.encapsulation.overhead(toward: path.remote)
        self.entries[tid].effectiveMTU = UInt16(max(min(Int(mtu), inner), IPv6Packet.minimumMTU))
    }
}
