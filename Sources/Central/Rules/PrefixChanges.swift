internal import GRDB
internal import Wire

/// Changes of the prefixes that are routed to PoPs, and what forbids them.
struct PrefixChanges {
    let transaction: RegistryTransaction
    private var database: Database { self.transaction.database }

    func add(_ prefix: IPv6Prefix, _ kind: PrefixKind, to name: PoPName) throws -> RoutedPrefix {
        let pop = try SQLiteRegistry.pop(named: name, in: self.database)
        guard kind.lengths.contains(prefix.length) else {
            let lengths = kind.lengths.map { "/\($0)" }.joined(separator: " or a ")
            throw RegistryError.refused("a \(kind.rawValue) prefix is a \(lengths), and \(prefix) is not")
        }
        guard prefix.isRoutableUnicast else {
            throw RegistryError.refused("\(prefix) is no prefix of unicast addresses that can be routed")
        }
        if let pop = try self.pop(in: prefix) {
            throw RegistryError.refused("\(prefix) holds \(pop.address), the own address of \(pop.name)")
        }
        if let other = try self.transaction.overlapping(prefix) {
            let owner =
                try PoPRecord.fetchOne(self.database, key: other.popID)?.pop.name.description ?? "another PoP"
            throw RegistryError.refused(
                "\(prefix) overlaps \(other.kind.rawValue) prefix \(other.prefix) of \(owner)"
            )
        }
        let routed = RoutedPrefix(prefix: prefix, kind: kind, popID: pop.id)
        try PrefixRecord(routed).insert(self.database)
        try self.transaction.audit(
            "prefix \(prefix)",
            from: nil,
            to: PrefixDocument(routed, pop: name),
            concerning: .pop(pop.id)
        )
        return routed
    }

    func remove(_ prefix: IPv6Prefix) throws -> RoutedPrefix {
        let sql = "SELECT * FROM prefix WHERE text = ?"
        guard let record = try PrefixRecord.fetchOne(self.database, sql: sql, arguments: [prefix.description])
        else {
            throw RegistryError.notFound(
                "no PoP has the prefix \(prefix); sixxs-central prefix list shows those there are"
            )
        }
        let name = try PoPRecord.find(self.database, key: record.routed.popID).pop.name
        let users =
            record.routed.kind == .tunnel
            ? try self.transaction.count("tunnel WHERE popID = ?", [record.routed.popID])
            : try self.transaction.count("subnet WHERE prefixID = ?", [record.id])
        guard users == 0 else {
            throw RegistryError.refused(
                "\(prefix) of \(name) has \(users) \(record.routed.kind.rawValue)s: remove them first"
            )
        }
        try self.database.execute(sql: "DELETE FROM prefix WHERE id = ?", arguments: [record.id])
        try self.transaction.audit(
            "prefix \(prefix)",
            from: PrefixDocument(record.routed, pop: name),
            to: nil,
            concerning: .pop(record.routed.popID)
        )
        return record.routed
    }

    /// The PoP's address that a prefix holds, and whose it is.
    private func pop(in prefix: IPv6Prefix) throws -> (name: String, address: IPv6Address)? {
        let pops = try PoPRecord.fetchAll(self.database).map(\.pop)
        let own = FleetAddresses(pops: pops.map { ($0.name.description, .ipv6($0.ipv6)) })
        return own.pop(in: prefix)
    }
}
