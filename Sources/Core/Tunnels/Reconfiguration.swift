internal import Wire

/// Takes over a configuration.
enum Reconfiguration {
    /// Takes over a configuration, at one instant between two packets.
    ///
    /// - Returns: What was in force before.
    static func apply(_ new: EngineConfiguration, to tables: inout Tables) -> EngineConfiguration {
        tables.catchUp()
        let old = tables.configuration
        tables.configuration = new
        tables.epoch &+= 1
        tables.forwarding.plan = new.plan
        tables.forwarding.pathMTU = new.pathMTU
        let keepsAddresses =
            old.ownDetails?.ipv4 == new.ownDetails?.ipv4 && old.ownDetails?.ipv6 == new.ownDetails?.ipv6
        if let tids = new.tunnelsThatDiffer(from: old) {
            for tid in tids {
                Self.reconcile(tid, in: &tables, from: old, to: new, keepsAddresses: keepsAddresses)
            }
        } else {
            for number in 0..<UInt16(TID.capacity) {
                guard let tid = TID(rawValue: number) else { continue }
                Self.reconcile(tid, in: &tables, from: old, to: new, keepsAddresses: keepsAddresses)
            }
        }
        if new.pathMTU != old.pathMTU {
            tables.forwarding.refreshMTUs()
            tables.plainChanges.noteEverything()
        }
        tables.flows.forget()
        tables.probes.adoptPoPs(of: new.otherPoPs)
        return old
    }

    private static func reconcile(
        _ tid: TID,
        in tables: inout Tables,
        from old: EngineConfiguration,
        to new: EngineConfiguration,
        keepsAddresses: Bool
    ) {
        tables.notePlainChange(of: tid)
        let oldRow = old.rows[Int(tid.rawValue)]
        guard let row = new.rows[Int(tid.rawValue)] else {
            if oldRow != nil { Self.forget(tid, in: &tables) }
            return
        }
        if let oldRow, !row.isSameTunnel(as: oldRow) { Self.forget(tid, in: &tables) }
        let usesRetired = tables.forwarding.tunnels[tid].session.usesRetiredSecret
        let signing = tables.forwarding.tunnels[tid].peer.ayiya.secret(isRetired: usesRetired)
        tables.forwarding.tunnels[tid].peer.ayiya.retired = row.retired.map { ($0.secret, $0.expiry) }
        tables.forwarding.tunnels[tid].isDynamic = row.isDynamic
        tables.forwarding.tunnels[tid].mtu = row.mtu
        tables.forwarding.tunnels[tid].peer.ayiya.secret = row.secret
        tables.forwarding.entries[tid].condition = row.isDisabled ? .disabled : .down
        if tables.index.isFirst {
            let keepsSession =
                oldRow.map { row.isSameTunnel(as: $0) && row.keepsSession(of: $0, signedWith: signing) }
                ?? false
            let signsAsBefore = keepsSession && row.secret == signing
            Self.renewSession(
                of: tid,
                in: &tables,
                row,
                keepsSession,
                signsAsBefore,
                keepsAddresses: keepsAddresses
            )
        }
        tables.adopt(tables.sessions.session(of: tid), of: tid)
    }

    /// Makes a tunnel's session what the configuration leaves of it.
    private static func renewSession(
        of tid: TID,
        in tables: inout Tables,
        _ row: EngineConfiguration.Row,
        _ keepsSession: Bool,
        _ signsAsBefore: Bool,
        keepsAddresses: Bool
    ) {
        let own = tables.configuration.ownDetails
        _ = tables.sessions.change(tid, at: tables.epoch, isNew: !keepsSession) { session in
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

    private static func forget(_ tid: TID, in tables: inout Tables) {
        if tables.index.isFirst { tables.sessions.forget(tid, at: tables.epoch) }
        tables.forwarding.setTracing(of: tid, to: false)
        tables.adopt(Session(), of: tid)
        tables.forwarding.tunnels[tid] = TunnelState()
        tables.forwarding.entries[tid] = ForwardingEntry()
        tables.errors.reset(tid)
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
