internal import Wire

extension Engine {
    /// Takes over a configuration, at one instant between two packets.
    ///
    /// Endpoint, state, counters and latency of every tunnel that stays are kept; a changed password, type or
    /// address ends the session; a tunnel with another number is another tunnel. The first of a PoP's engines must have taken
    /// it over before the others do.
    ///
    /// - Returns: What was in force before, so that freeing it is not on the data path.
    public mutating func apply(_ new: EngineConfiguration, at now: Timestamp) -> EngineConfiguration {
        self.catchUp()
        let old = self.configuration
        self.configuration = new
        self.epoch &+= 1
        self.forwarder.plan = new.plan
        self.forwarder.pathMTU = new.pathMTU
        let keepsAddresses =
            old.ownDetails?.ipv4 == new.ownDetails?.ipv4 && old.ownDetails?.ipv6 == new.ownDetails?.ipv6
        if let tids = new.tunnelsThatDiffer(from: old) {
            for tid in tids { self.reconcile(tid, from: old, to: new, keepsAddresses: keepsAddresses) }
        } else {
            for number in 0..<UInt16(TID.capacity) {
                guard let tid = TID(rawValue: number) else { continue }
                self.reconcile(tid, from: old, to: new, keepsAddresses: keepsAddresses)
            }
        }
        if new.pathMTU != old.pathMTU { self.forwarder.refreshMTUs() }
        self.forgetFlows()
        self.adoptPoPs(of: new)
        return old
    }

    private mutating func reconcile(
        _ tid: TID,
        from old: EngineConfiguration,
        to new: EngineConfiguration,
        keepsAddresses: Bool
    ) {
        let oldRow = old.rows[Int(tid.rawValue)]
        guard let row = new.rows[Int(tid.rawValue)] else {
            if oldRow != nil { self.forget(tid) }
            return
        }
        if let oldRow, !row.isSameTunnel(as: oldRow) { self.forget(tid) }
        let signing = self.forwarder.tunnels[tid].signingSecret
        self.forwarder.tunnels[tid].retiredSecret = row.retired.map { ($0.secret, $0.expiry) }
        self.forwarder.tunnels[tid].isDynamic = row.isDynamic
        self.forwarder.tunnels[tid].mtu = row.mtu
        self.forwarder.tunnels[tid].secret = row.secret
        self.forwarder.entries[tid].condition = row.isDisabled ? .disabled : .down
        if self.index.isFirst {
            let keepsSession =
                oldRow.map { row.isSameTunnel(as: $0) && row.keepsSession(of: $0, signedWith: signing) }
                ?? false
            let signsAsBefore = keepsSession && row.secret == signing
            self.renewSession(of: tid, row, keepsSession, signsAsBefore, keepsAddresses: keepsAddresses)
        }
        self.adopt(self.sessions.session(of: tid), of: tid)
    }

    /// Makes a tunnel's session what the configuration leaves of it.
    private func renewSession(
        of tid: TID,
        _ row: EngineConfiguration.Row,
        _ keepsSession: Bool,
        _ signsAsBefore: Bool,
        keepsAddresses: Bool
    ) {
        let own = self.configuration.ownDetails
        _ = self.sessions.change(tid, at: self.epoch, isNew: !keepsSession) { session in
            if !keepsSession { session = Session() }
            session.usesRetiredSecret = keepsSession && !signsAsBefore
            if row.isDisabled { session.isAlive = false }
            guard let remote = row.fixedRemote else { return true }
            if !keepsAddresses { session.move(to: nil) }
            // Ours is the configured one until a packet says which the user sends to.
            if session.path == nil, let own { session.move(to: own.path(to: remote)) }
            return true
        }
    }

    private mutating func forget(_ tid: TID) {
        if self.index.isFirst { self.sessions.forget(tid, at: self.epoch) }
        self.setTracing(of: tid, to: false)
        self.adopt(Session(), of: tid)
        self.forwarder.tunnels[tid] = TunnelState()
        self.forwarder.entries[tid] = ForwardingEntry()
        self.errors.reset(tid)
    }
}

extension PoPDetails {
    /// The ends of a tunnel whose user's end has an address of either family.
    fileprivate func path(to remote: IPAddress) -> OuterPath {
        switch remote {
        case .ipv4: OuterPath(local: .ipv4(self.ipv4), remote: remote)
        case .ipv6: OuterPath(local: .ipv6(self.ipv6), remote: remote)
        }
    }
}
