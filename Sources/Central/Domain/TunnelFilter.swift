/// Which tunnels are wanted; what is nil is not looked at.
package struct TunnelFilter: Hashable, Sendable {
    package var pop: PoPName?
    package var owner: UserHandle?
    package var type: TunnelType?

    /// Whether it carries packets: both the operators and its user want it to.
    package var isEnabled: Bool?

    package init(
        pop: PoPName? = nil,
        owner: UserHandle? = nil,
        type: TunnelType? = nil,
        isEnabled: Bool? = nil
    ) {
        self.pop = pop
        self.owner = owner
        self.type = type
        self.isEnabled = isEnabled
    }

    /// Whether it takes every tunnel.
    package var isEmpty: Bool { self == TunnelFilter() }

    /// What has to be read to find them.
    var scope: FleetSnapshot.Scope { self.owner.map { .owner($0) } ?? self.pop.map { .pop($0) } ?? .fleet }
}

extension FleetSnapshot {
    /// The same with the tunnels that are wanted, and their subnets.
    ///
    /// - Throws: ``RegistryError/notFound(_:)`` when the PoP is not there.
    package func only(_ filter: TunnelFilter) throws(RegistryError) -> FleetSnapshot {
        guard !filter.isEmpty else { return self }
        let popID = try filter.pop.map { name throws(RegistryError) in try self.demand(name).id }
        let tunnels = self.tunnels.filter { tunnel in
            (popID == nil || tunnel.popID == popID) && (filter.owner == nil || tunnel.owner == filter.owner)
                && (filter.type == nil || tunnel.end.type == filter.type)
                && (filter.isEnabled == nil || tunnel.isUp == filter.isEnabled)
        }
        let numbers = Set(tunnels.map(\.number))
        return FleetSnapshot(
            revision: self.revision,
            pops: self.pops,
            prefixes: self.prefixes,
            tunnels: tunnels,
            subnets: self.subnets.filter { numbers.contains($0.tunnel) },
            users: self.users,
            waves: self.waves,
            formerNames: self.formerNames
        )
    }
}
