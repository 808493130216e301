internal import GRDB
internal import Wire

extension RegistryTransaction {
    func addSubnet(_ wanted: IPv6Prefix?, to number: TunnelNumber) throws -> Subnet {
        let tunnel = try SQLiteStore.tunnel(number, in: self.database)
        let pop = try PoPRecord.find(self.database, key: tunnel.popID).pop
        let sources = try PrefixRecord.fetchAll(
            self.database,
            sql: "SELECT * FROM prefix WHERE popID = ? AND kind = 'subnet' ORDER BY lower",
            arguments: [pop.id]
        )
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
        try SubnetRecord(subnet, prefixID: sourceID).insert(self.database)
        try self.audit(
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
        let sql = "SELECT * FROM subnet WHERE text = ?"
        if let other = try SubnetRecord.fetchOne(self.database, sql: sql, arguments: [prefix.description])?
            .subnet
        {
            throw RegistryError.refused("\(prefix) is delegated to \(other.tunnel) already")
        }
        return source
    }

    private func lowestFreeSubnet(
        of sources: [PrefixRecord],
        at pop: PoPName
    ) throws -> (prefix: IPv6Prefix, source: PrefixRecord) {
        for source in sources {
            let taken = try Set(
                SubnetRecord.fetchAll(
                    self.database,
                    sql: "SELECT * FROM subnet WHERE prefixID = ?",
                    arguments: [source.id]
                ).map(\.subnet.prefix)
            )
            let free = (UInt8.min...UInt8.max).lazy.map(source.routed.prefix.subnet(at:)).first {
                !taken.contains($0)
            }
            if let free { return (free, source) }
        }
        throw RegistryError.refused("all subnets of \(pop) are delegated: add another subnet prefix")
    }

    func removeSubnet(_ prefix: IPv6Prefix) throws -> Subnet {
        let sql = "SELECT * FROM subnet WHERE text = ?"
        let record = try SubnetRecord.fetchOne(self.database, sql: sql, arguments: [prefix.description])
        guard let subnet = record?.subnet else {
            throw RegistryError.notFound(
                "no tunnel has the subnet \(prefix); sixxs-central subnet list shows those there are"
            )
        }
        let tunnel = try SQLiteStore.tunnel(subnet.tunnel, in: self.database)
        let name = try PoPRecord.find(self.database, key: tunnel.popID).pop.name
        try self.database.execute(sql: "DELETE FROM subnet WHERE text = ?", arguments: [prefix.description])
        try self.audit(
            "subnet \(prefix)",
            from: SubnetDocument(subnet, pop: name),
            to: nil,
            concerning: .pop(tunnel.popID)
        )
        return subnet
    }
}
