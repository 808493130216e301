internal import Foundation
internal import GRDB
internal import Wire

/// Changes inside one write transaction, each with its audit entry.
///
/// The schema decides what is allowed; the checks here only say more plainly what is in the way.
struct RegistryTransaction {
    let database: Database
    let author: String
    let time: Date
    let memory = TransactionMemory()

    func make(_ change: RegistryChange) throws -> RegistryResult {
        switch change {
        case .addTunnel, .addSubnet, .addUser: break
        default: self.memory.forget()
        }
        return switch change {
        case .addPoP(let pop): .pop(try self.add(pop))
        case .amendPoP(let name, let amendment): .pop(try self.amend(name, amendment))
        case .removePoP(let name): .pop(try self.remove(name))
        case .addPrefix(let prefix, let kind, let name): .prefix(try self.add(prefix, kind, to: name))
        case .removePrefix(let prefix): .prefix(try self.remove(prefix))
        case .addTunnel(let tunnel): .tunnel(try self.add(tunnel))
        case .amendTunnel(let number, let amendment): .tunnel(try self.amend(number, amendment))
        case .removeTunnel(let number): .tunnel(try self.remove(number))
        case .moveTunnel(let number, let name, let tid): .tunnel(try self.move(number, to: name, tid))
        case .addSubnet(let prefix, let number): .subnet(try self.addSubnet(prefix, to: number))
        case .removeSubnet(let prefix): .subnet(try self.removeSubnet(prefix))
        case .addUser(let handle, let values): .user(try self.addUser(handle, values))
        case .amendUser(let handle, let amendment): .user(try self.amendUser(handle, amendment))
        case .removeUser(let handle): .user(try self.removeUser(handle))
        case .setWaves(let policy): .waves(try self.set(policy))
        }
    }

    /// Whose configuration a change concerns.
    enum Concern {
        /// One PoP's.
        case pop(Int)

        /// All PoPs', since each knows all others.
        case allPoPs
        case noPoP

        /// What stands in the audit.
        fileprivate var popID: Int? {
            switch self {
            case .pop(let id): id
            case .allPoPs: nil
            case .noPoP: 0
            }
        }
    }

    /// Writes the audit entry of a change; equal documents mean that nothing changed.
    func audit<Document: Encodable & Equatable & SendableMetatype>(
        _ subject: String,
        from before: Document?,
        to after: Document?,
        concerning concern: Concern
    ) throws {
        guard before != after else { return }
        let statement = try self.database.cachedStatement(
            sql:
                "INSERT INTO audit (time, author, action, subject, before, after, popID) VALUES (?, ?, ?, ?, ?, ?, ?)"
        )
        try statement.execute(
            arguments: [
                self.time.milliseconds, self.author,
                before == nil ? "add" : after == nil ? "remove" : "change",
                subject, try before.map { try JSONText.encode($0, self.memory.encoder) },
                try after.map { try JSONText.encode($0, self.memory.encoder) }, concern.popID,
            ]
        )
    }

    func count(_ sql: String, _ arguments: StatementArguments) throws -> Int {
        let statement = try self.database.cachedStatement(sql: "SELECT count(*) FROM \(sql)")
        return try Int.fetchOne(statement, arguments: arguments) ?? 0
    }
}

extension RegistryTransaction {
    private func add(_ pop: PoP) throws -> PoP {
        try pop.checkTexts()
        try self.checkTaken(pop)
        try self.checkAddresses(pop, before: nil)
        try PoPRecord(pop).insert(self.database)
        try self.audit("pop \(pop.name)", from: nil, to: PoPDocument(pop), concerning: .allPoPs)
        return pop
    }

    private func amend(_ name: PoPName, _ amendment: PoPAmendment) throws -> PoP {
        let old = try SQLiteRegistry.pop(named: name, in: self.database)
        let new = amendment.applied(to: old)
        if new != old { try new.checkTexts() }
        try self.checkTaken(new)
        try self.checkAddresses(new, before: old)
        try PoPRecord(new).update(self.database)
        try self.audit(
            "pop \(name)",
            from: PoPDocument(old),
            to: PoPDocument(new),
            concerning: new.ipv4 == old.ipv4 && new.ipv6 == old.ipv6 ? .noPoP : .allPoPs
        )
        return new
    }

    /// Refuses addresses for a PoP that no host has, that are routed into tunnels, or where a tunnel ends; those that it has
    /// already are left to `verify`.
    private func checkAddresses(_ pop: PoP, before old: PoP?) throws {
        let addresses = [IPAddress.ipv4(pop.ipv4), .ipv6(pop.ipv6)]
        let known = old.map { [IPAddress.ipv4($0.ipv4), .ipv6($0.ipv6)] } ?? []
        for address in addresses where !known.contains(address) {
            guard address.isReachableUnicast else {
                throw RegistryError.refused(
                    "\(address) is not the address of one host, and \(pop.name) needs one"
                )
            }
            if let number = try self.tunnel(endingAt: address) {
                throw RegistryError.refused("T\(number) ends at \(address), which is to be \(pop.name)'s own")
            }
        }
        guard !known.contains(.ipv6(pop.ipv6)) else { return }
        if let prefix = try self.overlapping(IPv6Prefix(containing: pop.ipv6, length: 128)) {
            throw RegistryError.refused("\(pop.ipv6) lies in \(prefix.prefix), which is routed into tunnels")
        }
    }

    private func tunnel(endingAt address: IPAddress) throws -> Int64? {
        let sql = "SELECT number FROM tunnel WHERE endpoint = ? ORDER BY number LIMIT 1"
        return try Int64.fetchOne(self.database, sql: sql, arguments: [address.description])
    }

    /// The PoP's address that a prefix holds, and whose it is.
    private func pop(in prefix: IPv6Prefix) throws -> (name: String, address: IPv6Address)? {
        let pops = try PoPRecord.fetchAll(self.database).map(\.pop)
        let own = FleetAddresses(pops: pops.map { ($0.name.description, .ipv6($0.ipv6)) })
        return own.pop(in: prefix)
    }

    /// Names the PoP that has what another PoP wants.
    private func checkTaken(_ pop: PoP) throws {
        let sql =
            "SELECT * FROM pop WHERE id <> :id AND (ipv4 = :ipv4 OR ipv6 = :ipv6) OR id = :id AND name <> :name"
        let arguments: StatementArguments = [
            "id": pop.id, "name": pop.name.description, "ipv4": pop.ipv4.description,
            "ipv6": pop.ipv6.description,
        ]
        guard let other = try PoPRecord.fetchOne(self.database, sql: sql, arguments: arguments)?.pop else {
            return
        }
        let what =
            other.id == pop.id
            ? "id \(pop.id)"
            : other.ipv4 == pop.ipv4 ? "IPv4 address \(pop.ipv4)" : "IPv6 address \(pop.ipv6)"
        throw RegistryError.refused("\(pop.name) cannot have \(what): \(other.name) has it")
    }

    private func remove(_ name: PoPName) throws -> PoP {
        let pop = try SQLiteRegistry.pop(named: name, in: self.database)
        let tunnels = try self.count("tunnel WHERE popID = ?", [pop.id])
        guard tunnels == 0 else {
            throw RegistryError.refused("\(name) has \(tunnels) tunnels: remove them first")
        }
        let prefixes = try PrefixRecord.fetchAll(
            self.database,
            sql: "SELECT * FROM prefix WHERE popID = ?",
            arguments: [pop.id]
        )
        for record in prefixes {
            _ = try self.remove(record.routed.prefix)
        }
        try PoPRecord(pop).delete(self.database)
        try self.audit("pop \(name)", from: PoPDocument(pop), to: nil, concerning: .allPoPs)
        return pop
    }
}

extension RegistryTransaction {
    private func add(_ prefix: IPv6Prefix, _ kind: PrefixKind, to name: PoPName) throws -> RoutedPrefix {
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
        if let other = try self.overlapping(prefix) {
            let owner =
                try PoPRecord.fetchOne(self.database, key: other.popID)?.pop.name.description ?? "another PoP"
            throw RegistryError.refused(
                "\(prefix) overlaps \(other.kind.rawValue) prefix \(other.prefix) of \(owner)"
            )
        }
        let routed = RoutedPrefix(prefix: prefix, kind: kind, popID: pop.id)
        try PrefixRecord(routed).insert(self.database)
        try self.audit(
            "prefix \(prefix)",
            from: nil,
            to: PrefixDocument(routed, pop: name),
            concerning: .pop(pop.id)
        )
        return routed
    }

    private func overlapping(_ prefix: IPv6Prefix) throws -> RoutedPrefix? {
        try PrefixRecord.fetchOne(
            self.database,
            sql: "SELECT * FROM prefix WHERE lower <= ? AND upper >= ? ORDER BY lower LIMIT 1",
            arguments: [prefix.lastAddress.octets, prefix.address.octets]
        )?.routed
    }

    private func remove(_ prefix: IPv6Prefix) throws -> RoutedPrefix {
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
            ? try self.count("tunnel WHERE popID = ?", [record.routed.popID])
            : try self.count("subnet WHERE prefixID = ?", [record.id])
        guard users == 0 else {
            throw RegistryError.refused(
                "\(prefix) of \(name) has \(users) \(record.routed.kind.rawValue)s: remove them first"
            )
        }
        try self.database.execute(sql: "DELETE FROM prefix WHERE id = ?", arguments: [record.id])
        try self.audit(
            "prefix \(prefix)",
            from: PrefixDocument(record.routed, pop: name),
            to: nil,
            concerning: .pop(record.routed.popID)
        )
        return record.routed
    }
}

extension RegistryTransaction {
    private func set(_ policy: WavePolicy) throws -> WavePolicy {
        let old = try SQLiteRegistry.waves(in: self.database)
        guard old != policy else { return policy }
        try self.database.execute(
            sql: "INSERT OR REPLACE INTO setting (name, value) VALUES ('waves', ?)",
            arguments: [try JSONText.compact(policy)]
        )
        try self.audit("waves", from: old, to: policy, concerning: .noPoP)
        return policy
    }
}
