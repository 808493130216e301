internal import Wire

extension Engine {
    /// Takes over a configuration, at one instant between two packets.
    ///
    /// Endpoint, state, counters and latency of every tunnel that stays are kept; a changed password, type or
    /// address ends the session; a tunnel with another number is another tunnel.
    ///
    /// - Returns: What was in force before, so that freeing it is not on the data path.
    public mutating func apply(_ new: EngineConfiguration, at now: Moment) -> EngineConfiguration {
        let old = self.configuration
        self.configuration = new
        self.forwarder.plan = new.plan
        self.forwarder.pathMTU = new.pathMTU
        if let tids = new.tunnelsThatDiffer(from: old) {
            for tid in tids { self.reconcile(tid, from: old, to: new) }
        } else {
            self.reconcileAll(from: old, to: new)
        }
        if new.pathMTU != old.pathMTU { self.forwarder.refreshMTUs() }
        self.adoptPoPs(of: new)
        return old
    }

    private mutating func reconcileAll(from old: EngineConfiguration, to new: EngineConfiguration) {
        let keepsAddresses =
            old.ownDetails?.ipv4 == new.ownDetails?.ipv4 && old.ownDetails?.ipv6 == new.ownDetails?.ipv6
        for number in 0..<UInt16(TID.capacity) {
            guard let tid = TID(rawValue: number) else { continue }
            if !keepsAddresses, old.rows[Int(number)]?.fixedRemote != nil { self.move(tid, to: nil) }
            self.reconcile(tid, from: old, to: new)
        }
    }

    private mutating func reconcile(
        _ tid: TID,
        from old: EngineConfiguration,
        to new: EngineConfiguration
    ) {
        self.reconcile(tid, from: old.rows[Int(tid.rawValue)], to: new.rows[Int(tid.rawValue)])
    }

    private mutating func reconcile(
        _ tid: TID,
        from old: EngineConfiguration.Row?,
        to new: EngineConfiguration.Row?
    ) {
        guard let new else {
            if old != nil { self.forget(tid) }
            return
        }
        if let old, !new.isSameTunnel(as: old) { self.forget(tid) }
        let signing = self.forwarder.tunnels[tid].signingSecret
        let keepsSession =
            old.map { new.isSameTunnel(as: $0) && new.keepsSession(of: $0, signedWith: signing) } ?? false
        if !keepsSession { self.endSession(tid) }
        self.forwarder.tunnels[tid].usesRetiredSecret = keepsSession && new.secret != signing
        self.forwarder.tunnels[tid].retiredSecret = new.retired.map { ($0.secret, $0.expiry) }
        self.forwarder.tunnels[tid].isDynamic = new.isDynamic
        self.forwarder.tunnels[tid].mtu = new.mtu
        self.forwarder.tunnels[tid].secret = new.secret
        if let remote = new.fixedRemote { self.place(tid, at: remote) }
        self.forwarder.refreshMTU(of: tid)
        self.forwarder.gates[tid].condition = self.condition(of: tid, new)
    }

    private func condition(of tid: TID, _ row: EngineConfiguration.Row) -> TunnelCondition {
        if row.isDisabled { return .disabled }
        guard row.isDynamic else { return .up }
        return self.forwarder.gates[tid].condition == .up && self.forwarder.tunnels[tid].path != nil
            ? .up : .down
    }

    private mutating func forget(_ tid: TID) {
        self.move(tid, to: nil)
        self.setTracing(of: tid, to: false)
        self.forwarder.tunnels[tid] = Tunnel()
        self.forwarder.gates[tid] = Gate()
        self.errors.reset(tid)
    }

    private mutating func endSession(_ tid: TID) {
        self.move(tid, to: nil)
        self.forwarder.gates[tid].condition = .down
        self.forwarder.tunnels[tid].encapsulation = .sixInFour
        self.forwarder.tunnels[tid].newestBeat = nil
    }

    /// Gives a static tunnel its ends; ours is the configured one until a packet says which the user sends to.
    private mutating func place(_ tid: TID, at remote: IPAddress) {
        guard self.forwarder.tunnels[tid].path == nil, let own = self.configuration.ownDetails else { return }
        switch remote {
        case .ipv4: self.move(tid, to: OuterPath(local: .ipv4(own.ipv4), remote: remote))
        case .ipv6: self.move(tid, to: OuterPath(local: .ipv6(own.ipv6), remote: remote))
        }
    }
}
