internal import GRDB
internal import Wire

/// Changes of the prefixes that are delegated to users, and what forbids them.
struct SubnetChanges {
    let transaction: RegistryTransaction
    private var database: Database { self.transaction.database }

    func addSubnet(_ wanted: IPv6Prefix?, to number: TunnelNumber) throws -> Subnet {
        let tunnel = try SQLiteRegistry.tunnel(number, in: self.database)
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
        guard let sourceID = source.id else { throw RegistryError.unusable("a prefix has no row") }
        let subnet = Subnet(prefix: prefix, tunnel: number)
        try SubnetRecord(subnet, prefixID: sourceID).add(to: self.database)
        self.transaction.memory.takenSubnets[sourceID]?.insert(prefix)
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
        among sources: [PrefixRecord],
        at pop: PoPName
    ) throws -> PrefixRecord {
        let source = sources.first { source in
            source.routed.prefix.subnetLength == prefix.length && source.routed.prefix.contains(prefix)
        }
        guard let source else {
            let choices = sources.map { "/\($0.routed.prefix.subnetLength) of \($0.routed.prefix)" }
            throw RegistryError.refused(
                "\(prefix) is not a subnet of \(pop): expected a \(choices.joined(separator: ", or a "))"
            )
        }
        let statement = try self.database.cachedStatement(sql: "SELECT tunnel FROM subnet WHERE text = ?")
        if let other = try Int64.fetchOne(statement, arguments: [prefix.description]) {
            throw RegistryError.refused("\(prefix) is delegated to T\(other) already")
        }
        return source
    }

    private func lowestFreeSubnet(
        of sources: [PrefixRecord],
        at pop: PoPName
    ) throws -> (prefix: IPv6Prefix, source: PrefixRecord) {
        for source in sources {
            let taken = try self.takenSubnets(of: source)
            let free = (UInt8.min...UInt8.max).lazy.map(source.routed.prefix.subnet(at:)).first {
                !taken.contains($0)
            }
            if let free { return (free, source) }
        }
        throw RegistryError.refused("all subnets of \(pop) are delegated: add another subnet prefix")
    }

    private func subnetPrefixes(of pop: PoP) throws -> [PrefixRecord] {
        if let known = self.transaction.memory.subnetPrefixes[pop.id] { return known }
        let prefixes = try PrefixRecord.fetchAll(
            self.database,
            sql: "SELECT * FROM prefix WHERE popID = ? AND kind = 'subnet' ORDER BY lower",
            arguments: [pop.id]
        )
        self.transaction.memory.subnetPrefixes[pop.id] = prefixes
        return prefixes
    }

    private func takenSubnets(of source: PrefixRecord) throws -> Set<IPv6Prefix> {
        if let id = source.id, let known = self.transaction.memory.takenSubnets[id] { return known }
        let records = try SubnetRecord.fetchAll(
            self.database,
            sql: "SELECT * FROM subnet WHERE prefixID = ?",
            arguments: [source.id]
        )
        let taken = Set(records.map(\.subnet.prefix))
        if let id = source.id { self.transaction.memory.takenSubnets[id] = taken }
        return taken
    }

    func removeSubnet(_ prefix: IPv6Prefix) throws -> Subnet {
        let sql = "SELECT * FROM subnet WHERE text = ?"
        let record = try SubnetRecord.fetchOne(self.database, sql: sql, arguments: [prefix.description])
        guard let subnet = record?.subnet else {
            throw RegistryError.notFound(
                "no tunnel has the subnet \(prefix); sixxs-central subnet list shows those there are"
            )
        }
        let tunnel = try SQLiteRegistry.tunnel(subnet.tunnel, in: self.database)
        let name = try PoPRecord.find(self.database, key: tunnel.popID).pop.name
        try self.database.execute(sql: "DELETE FROM subnet WHERE text = ?", arguments: [prefix.description])
        try self.transaction.audit(
            "subnet \(prefix)",
            from: SubnetDocument(subnet, pop: name),
            to: nil,
            concerning: .pop(tunnel.popID)
        )
        return subnet
    }
}
