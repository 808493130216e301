internal import Wire

/// Changes of the prefixes that are delegated to users, and what forbids them.
struct SubnetChanges {
    let transaction: RegistryTransaction
    private var rows: RegistryRows { self.transaction.rows }

    func addSubnet(_ wanted: IPv6Prefix?, to number: TunnelNumber) throws -> Subnet {
        let tunnel = try self.transaction.tunnel(number)
        let pop = try self.transaction.pop(tunnel.popID)
        let sources = try self.subnetPrefixes(of: pop)
        guard !sources.isEmpty else {
            throw RegistryError.refused(
                "\(pop.name) has no subnet prefix: add one with sixxs-central prefix add \(pop.name) subnet PREFIX"
            )
        }
        let (prefix, source) =
            try wanted.map { (prefix: $0, source: try self.source(of: $0, among: sources, at: pop.name)) }
            ?? self.lowestFreeSubnet(of: sources, at: pop.name)
        let subnet = Subnet(prefix: prefix, tunnel: number)
        try self.rows.subnets.insert(subnet, in: source)
        self.transaction.memory.takenSubnets[source]?.insert(prefix)
        try self.transaction.audit(
            "subnet \(prefix)",
            from: nil,
            to: SubnetDocument(subnet, pop: pop.name),
            concerning: .pop(pop.id)
        )
        return subnet
    }

    /// The subnet prefix that a wanted subnet is a step of, when nobody has that subnet.
    private func source(
        of prefix: IPv6Prefix,
        among sources: [IPv6Prefix],
        at pop: PoPName
    ) throws -> IPv6Prefix {
        let source = sources.first { $0.subnetLength == prefix.length && $0.contains(prefix) }
        guard let source else {
            let choices = sources.map { "/\($0.subnetLength) of \($0)" }
            throw RegistryError.refused(
                "\(prefix) is not a subnet of \(pop): expected a \(choices.joined(separator: ", or a "))"
            )
        }
        if try self.takenSubnets(of: source).contains(prefix),
            let other = try self.rows.subnets.subnet(prefix)
        {
            throw RegistryError.refused("\(prefix) is delegated to \(other.tunnel) already")
        }
        return source
    }

    private func lowestFreeSubnet(
        of sources: [IPv6Prefix],
        at pop: PoPName
    ) throws -> (prefix: IPv6Prefix, source: IPv6Prefix) {
        for source in sources {
            let taken = try self.takenSubnets(of: source)
            let free = (UInt8.min...UInt8.max).lazy.map(source.subnet(at:)).first {
                !taken.contains($0)
            }
            if let free { return (free, source) }
        }
        throw RegistryError.refused("all subnets of \(pop) are delegated: add another subnet prefix")
    }

    private func subnetPrefixes(of pop: PoP) throws -> [IPv6Prefix] {
        if let known = self.transaction.memory.subnetPrefixes[pop.id] { return known }
        let prefixes = try self.rows.prefixes.prefixes(of: pop.id, .subnet).map(\.prefix)
        self.transaction.memory.subnetPrefixes[pop.id] = prefixes
        return prefixes
    }

    private func takenSubnets(of source: IPv6Prefix) throws -> Set<IPv6Prefix> {
        if let known = self.transaction.memory.takenSubnets[source] { return known }
        let taken = Set(try self.rows.subnets.prefixes(in: source))
        self.transaction.memory.takenSubnets[source] = taken
        return taken
    }

    func removeSubnet(_ prefix: IPv6Prefix) throws -> Subnet {
        guard let subnet = try self.rows.subnets.subnet(prefix) else {
            throw RegistryError.notFound(
                "no tunnel has the subnet \(prefix); sixxs-central subnet list shows those there are"
            )
        }
        let tunnel = try self.transaction.tunnel(subnet.tunnel)
        let name = try self.transaction.pop(tunnel.popID).name
        try self.rows.subnets.delete(subnet)
        try self.transaction.audit(
            "subnet \(prefix)",
            from: SubnetDocument(subnet, pop: name),
            to: nil,
            concerning: .pop(tunnel.popID)
        )
        return subnet
    }
}
