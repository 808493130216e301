internal import Wire

/// What decisions about packets are made from, and nothing else.
///
/// Apart from the other tables because of its size: where all of them are lent to a function that doesn't change them,
/// the compiler copies them to the stack, counters included, for each packet. These few words stay in registers.
struct ForwardingTables: ~Copyable {
    var plan: AddressPlan
    var pathMTU: PathMTUMode
    let tunnels = TunnelTable(repeating: TunnelState())
    /// What verdicts read of the tunnels.
    let entries = TunnelTable(repeating: ForwardingEntry())
    /// Where decisions about traced tunnels are written down.
    let decisionLog = DecisionLog()

    init(_ configuration: EngineConfiguration) {
        self.plan = configuration.plan
        self.pathMTU = configuration.pathMTU
    }

    /// Writes a decision down if its tunnel is traced, or if everything is.
    @inline(__always)
    func note(_ decision: @autoclosure () -> Decision, about tid: TID?) {
        guard tid.map({ self.entries[$0].isTraced }) ?? self.decisionLog.isOpen else { return }
        self.decisionLog.write(decision(), about: tid)
    }

    /// Writes an inner packet down if its tunnel is traced, and keeps it if somebody wants that.
    @inline(__always)
    func noteInner(_ packet: borrowing IPv6Packet, _ octets: RawSpan, about tid: TID?) {
        guard tid.map({ self.entries[$0].isTraced }) ?? self.decisionLog.isOpen else { return }
        self.decisionLog.write(.inner(packet), about: tid)
        self.decisionLog.keep(octets.extracting(first: packet.totalLength))
    }

    /// Writes down that a packet was dropped, if its tunnel is traced, and keeps it if somebody wants that.
    @inline(__always)
    func noteDrop(_ reason: DropReason, _ octets: RawSpan, about tid: TID?) {
        guard tid.map({ self.entries[$0].isTraced }) ?? self.decisionLog.isOpen else { return }
        self.decisionLog.write(.dropped(reason), about: tid)
        self.decisionLog.keep(octets)
    }

    /// Begins or ends the tracing of a tunnel.
    func setTracing(of tid: TID, to isTraced: Bool) {
        guard self.entries[tid].isTraced != isTraced else { return }
        self.entries[tid].isTraced = isTraced
        self.decisionLog.traced += isTraced ? 1 : -1
    }

    /// Whether outer packets to an address would not come back into a tunnel (RFC 2473 §4.1.2).
    func isExternal(_ remote: IPAddress) -> Bool {
        switch remote {
        case .ipv4: true
        case .ipv6(let address): self.plan.owner(of: address) == .external
        }
    }
}

extension ForwardingTables {
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
