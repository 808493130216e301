internal import Foundation
internal import Wire

/// Changes of tunnels, what they are given, and what forbids them.
struct TunnelChanges {
    let transaction: RegistryTransaction
    private var rows: RegistryRows { self.transaction.rows }

    func add(_ new: NewTunnel) throws -> Tunnel {
        let pop = try self.transaction.pop(named: new.pop)
        try self.demandTunnelPrefix(of: pop)
        let tunnel = Tunnel(
            number: try new.number.map(self.unused) ?? self.nextTunnelNumber(),
            popID: pop.id,
            tid: try new.tid ?? self.lowestFreeTID(of: pop),
            end: new.end,
            mtu: new.mtu ?? pop.tunnelMTU,
            isEnabled: new.isEnabled,
            isUserEnabled: new.isUserEnabled,
            owner: try new.owner.map { try self.transaction.owner($0) },
            nameServers: new.nameServers,
            publishesEndpoint: new.publishesEndpoint,
            created: self.transaction.time,
            changed: self.transaction.time
        )
        try self.demandNoSuspension(of: tunnel)
        try self.checkTaken(tunnel, at: pop.name, try self.places(of: pop.id))
        try self.rows.tunnels.insert(tunnel)
        self.transaction.memory.remember(tunnel)
        try self.transaction.audit(
            "tunnel \(tunnel.number)",
            from: nil,
            to: Self.document(tunnel, at: pop.name),
            concerning: .pop(pop.id)
        )
        return tunnel
    }

    private func demandNoSuspension(of tunnel: Tunnel) throws {
        try AccountChanges(transaction: self.transaction).demandNoSuspension(of: tunnel)
    }

    private func demandTunnelPrefix(of pop: PoP) throws {
        guard !self.transaction.memory.popsWithTunnelPrefix.contains(pop.id) else { return }
        guard try !self.rows.prefixes.prefixes(of: pop.id, .tunnel).isEmpty else {
            throw RegistryError.refused(
                "\(pop.name) has no tunnel prefix: add one with sixxs-central prefix add \(pop.name) tunnel PREFIX"
            )
        }
        self.transaction.memory.popsWithTunnelPrefix.insert(pop.id)
    }

    /// The number after the highest that was ever given; a write transaction keeps others from taking it.
    private func nextTunnelNumber() throws -> TunnelNumber {
        let last = try self.transaction.memory.highestNumber ?? self.rows.tunnels.highestNumber()
        self.transaction.memory.highestNumber = last
        guard let number = UInt32(exactly: last + 1).flatMap(TunnelNumber.init(rawValue:)) else {
            throw RegistryError.refused(
                "all tunnel numbers have been given, up to T\(last): import a tunnel with a number that never was given"
            )
        }
        return number
    }

    /// The number, which came with a tunnel from elsewhere, when nobody ever had it.
    private func unused(_ number: TunnelNumber) throws -> TunnelNumber {
        // New tunnels get the numbers behind the highest: one slip must not leave none.
        guard number.rawValue <= NewTunnel.highestNumber else {
            throw RegistryError.refused(
                "\(number) is too high: numbers that come with tunnels are T1 to T\(NewTunnel.highestNumber)"
            )
        }
        guard try !self.wasGiven(number) else {
            throw RegistryError.refused("\(number) was given before; numbers are never used twice")
        }
        return number
    }

    private func wasGiven(_ number: TunnelNumber) throws -> Bool {
        guard self.transaction.isBulk else { return try self.rows.tunnels.wasGiven(number) }
        let given = try self.transaction.memory.numbers ?? self.rows.tunnels.givenNumbers()
        self.transaction.memory.numbers = given
        return given.contains(number)
    }

    /// What the tunnels of a PoP have, where many are added.
    private func places(of popID: Int) throws -> TakenPlaces? {
        guard self.transaction.isBulk else { return nil }
        if let known = self.transaction.memory.places[popID] { return known }
        let places = TakenPlaces(try self.rows.tunnels.tunnels(ofPoP: popID))
        self.transaction.memory.places[popID] = places
        return places
    }

    private func lowestFreeTID(of pop: PoP) throws -> TID {
        let known = self.transaction.memory.lowestTID[pop.id] ?? 0
        let lowest =
            try self.places(of: pop.id)?.lowestFreeTID(from: known)
            ?? self.rows.tunnels.lowestFreeTID(of: pop.id, from: known)
        self.transaction.memory.lowestTID[pop.id] = lowest
        guard let tid = TID(rawValue: lowest) else {
            throw RegistryError.refused("\(pop.name) is full: it has \(TID.capacity) tunnels")
        }
        return tid
    }

    /// Names the tunnel that has what another wants, and an endpoint that would lead back into a tunnel.
    private func checkTaken(_ tunnel: Tunnel, at pop: PoPName, _ places: TakenPlaces? = nil) throws {
        let rows = self.rows.tunnels
        let neighbour =
            try places.map { $0.number(at: tunnel.tid) } ?? rows.number(at: tunnel.popID, tid: tunnel.tid)
        if let other = neighbour, other != tunnel.number {
            throw RegistryError.refused("tid \(tunnel.tid) of \(pop) is taken by \(other)")
        }
        guard let endpoint = tunnel.end.endpoint else { return }
        let holder =
            try places.map { $0.number(at: endpoint) } ?? rows.number(at: tunnel.popID, endpoint: endpoint)
        if let other = holder, other != tunnel.number {
            throw RegistryError.refused("endpoint \(endpoint) of \(pop) is taken by \(other)")
        }
        guard endpoint.isReachableUnicast else {
            throw RegistryError.refused(
                "\(endpoint) is not the address of one host, where a tunnel could end"
            )
        }
        if let name = try self.nameOfPoP(at: endpoint) {
            throw RegistryError.refused("no tunnel can end at \(endpoint), the own address of \(name)")
        }
        guard case .ipv6(let address) = endpoint else { return }
        guard try self.rows.prefixes.overlapping(IPv6Prefix(containing: address, length: 128)) == nil else {
            throw RegistryError.refused(
                "the endpoint \(address) lies in a prefix of the fleet: packets would loop"
            )
        }
    }

    private func nameOfPoP(at address: IPAddress) throws -> PoPName? {
        guard self.transaction.isBulk else { return try self.rows.pops.name(ofPoPAt: address) }
        let known = try self.transaction.memory.popAddresses ?? PoPAddresses(self.rows.pops.all())
        self.transaction.memory.popAddresses = known
        return known.name(at: address)
    }

    func amend(_ number: TunnelNumber, _ amendment: TunnelAmendment) throws -> Tunnel {
        let old = try self.transaction.tunnel(number)
        let name = try self.transaction.pop(old.popID).name
        var new = try amendment.applied(to: old)
        new.owner = try new.owner.map { try self.transaction.owner($0) }
        // Who says that it ends where it ends already means it, too.
        if amendment.endpoint != nil { try self.rows.endpoints.supersede(of: number) }
        guard new != old else { return old }
        new.changed = self.transaction.time
        try self.checkTaken(new, at: name)
        if new.owner != old.owner || new.isEnabled != old.isEnabled {
            try self.demandNoSuspension(of: new)
        }
        try self.rows.tunnels.update(new)
        // A wish that waits is nothing that a new owner, a new key or the operator's own word leaves standing.
        if new.owner != old.owner || new.updateKey != old.updateKey
            || new.end.endpoint != old.end.endpoint
        {
            try self.rows.endpoints.supersede(of: number)
        }
        try self.transaction.audit(
            "tunnel \(number)",
            from: Self.document(old, at: name),
            to: Self.document(new, at: name, replacing: old),
            concerning: .pop(old.popID)
        )
        return new
    }

    func move(_ number: TunnelNumber, to name: PoPName, _ wanted: TID?) throws -> Tunnel {
        let old = try self.transaction.tunnel(number)
        let from = try self.transaction.pop(old.popID).name
        let pop = try self.transaction.pop(named: name)
        guard pop.id != old.popID else { throw RegistryError.refused("\(number) is at \(name) already") }
        let subnets = try self.rows.subnets.count(of: number)
        guard subnets == 0 else {
            throw RegistryError.refused(
                "\(number) has \(subnets.counted("subnet")) of \(from): remove them first, and add others at \(name)"
            )
        }
        try self.demandTunnelPrefix(of: pop)
        var new = old
        new.popID = pop.id
        new.tid = try wanted ?? self.lowestFreeTID(of: pop)
        new.changed = self.transaction.time
        try self.checkTaken(new, at: name)
        try self.rows.tunnels.update(new)
        // It was asked for at another PoP, where the address was free.
        try self.rows.endpoints.supersede(of: number)
        try self.transaction.audit(
            "tunnel \(number)",
            from: Self.document(old, at: from),
            to: Self.document(new, at: name),
            concerning: .allPoPs
        )
        return new
    }

    func remove(_ number: TunnelNumber) throws -> Tunnel {
        let tunnel = try self.transaction.tunnel(number)
        let name = try self.transaction.pop(tunnel.popID).name
        let subnets = try self.rows.subnets.count(of: number)
        guard subnets == 0 else {
            throw RegistryError.refused("\(number) has \(subnets.counted("subnet")): remove them first")
        }
        try self.rows.tunnels.delete(tunnel)
        try self.transaction.audit(
            "tunnel \(number)",
            from: Self.document(tunnel, at: name),
            to: nil,
            concerning: .pop(tunnel.popID)
        )
        return tunnel
    }

    private static func document(
        _ tunnel: Tunnel,
        at pop: PoPName,
        replacing old: Tunnel? = nil
    ) -> TunnelDocument {
        TunnelDocument(tunnel, pop: pop, replacing: old)
    }

    /// Refuses an end that a tunnel cannot have where it is.
    ///
    /// - Throws: ``RegistryError/refused(_:)``.
    func check(_ tunnel: Tunnel) throws {
        try self.checkTaken(tunnel, at: try self.transaction.pop(tunnel.popID).name)
    }
}
