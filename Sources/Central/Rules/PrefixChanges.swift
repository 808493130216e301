internal import Wire

/// Changes of the prefixes that are routed to PoPs, and what forbids them.
struct PrefixChanges {
    let transaction: RegistryTransaction
    private var rows: RegistryRows { self.transaction.rows }

    func add(_ prefix: IPv6Prefix, _ kind: PrefixKind, to name: PoPName) throws -> RoutedPrefix {
        let pop = try self.transaction.pop(named: name)
        guard kind.lengths.contains(prefix.length) else {
            let lengths = kind.lengths.map { "/\($0)" }.joined(separator: " or a ")
            throw RegistryError.refused("a \(kind.rawValue) prefix is a \(lengths), and \(prefix) is not")
        }
        guard prefix.isRoutableUnicast else {
            throw RegistryError.refused("\(prefix) is not a prefix of routable unicast addresses")
        }
        if let pop = try self.pop(in: prefix) {
            throw RegistryError.refused("\(prefix) holds \(pop.address), the own address of \(pop.name)")
        }
        if let other = try self.rows.prefixes.overlapping(prefix) {
            let owner = try self.transaction.pop(other.popID).name
            throw RegistryError.refused(
                "\(prefix) overlaps \(other.kind.rawValue) prefix \(other.prefix) of \(owner)"
            )
        }
        try self.checkRoom(for: kind, at: pop)
        let routed = RoutedPrefix(prefix: prefix, kind: kind, popID: pop.id)
        try self.rows.prefixes.insert(routed)
        try self.transaction.audit(
            "prefix \(prefix)",
            from: nil,
            to: PrefixDocument(routed, pop: name),
            concerning: .pop(pop.id)
        )
        return routed
    }

    private func checkRoom(for kind: PrefixKind, at pop: PoP) throws {
        let present = try self.rows.prefixes.prefixes(of: pop.id, kind)
        switch kind {
        case .tunnel:
            guard let other = present.first else { return }
            throw RegistryError.refused("\(pop.name) has a tunnel prefix, \(other.prefix): a PoP has one")
        case .subnet:
            guard present.count >= RoutedPrefix.maximumSubnetPrefixes else { return }
            throw RegistryError.refused("\(pop.name) has \(present.count) subnet prefixes: a PoP has no more")
        }
    }

    func remove(_ prefix: IPv6Prefix) throws -> RoutedPrefix {
        guard let routed = try self.rows.prefixes.prefix(prefix) else {
            throw RegistryError.notFound(
                "no PoP has the prefix \(prefix); sixxs-central prefix list shows those there are"
            )
        }
        let name = try self.transaction.pop(routed.popID).name
        let users =
            routed.kind == .tunnel
            ? try self.rows.tunnels.count(ofPoP: routed.popID)
            : try self.rows.subnets.prefixes(in: prefix).count
        guard users == 0 else {
            throw RegistryError.refused(
                "\(prefix) of \(name) has \(users.counted(routed.kind.rawValue)): remove them first"
            )
        }
        try self.rows.prefixes.delete(routed)
        try self.transaction.audit(
            "prefix \(prefix)",
            from: PrefixDocument(routed, pop: name),
            to: nil,
            concerning: .pop(routed.popID)
        )
        return routed
    }

    /// The PoP's address that a prefix holds, and whose it is.
    private func pop(in prefix: IPv6Prefix) throws -> (name: String, address: IPv6Address)? {
        let pops = try self.rows.pops.all()
        let own = FleetAddresses(pops: pops.map { ($0.name.description, .ipv6($0.ipv6)) })
        return own.pop(in: prefix)
    }
}
