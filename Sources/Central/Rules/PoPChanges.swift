internal import Foundation
internal import GRDB
internal import Wire

/// Changes of PoPs, and what forbids them.
struct PoPChanges {
    let transaction: RegistryTransaction
    private var database: Database { self.transaction.database }

    func add(_ pop: PoP) throws -> PoP {
        try pop.checkTexts()
        try self.checkTaken(pop)
        try self.checkAddresses(pop, before: nil)
        try PoPRecord(pop).insert(self.database)
        try self.transaction.audit("pop \(pop.name)", from: nil, to: PoPDocument(pop), concerning: .allPoPs)
        return pop
    }

    func amend(_ name: PoPName, _ amendment: PoPAmendment) throws -> PoP {
        let old = try SQLiteRegistry.pop(named: name, in: self.database)
        let new = amendment.applied(to: old)
        if new != old { try new.checkTexts() }
        try self.checkTaken(new)
        try self.checkAddresses(new, before: old)
        try PoPRecord(new).update(self.database)
        try self.transaction.audit(
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
        if let prefix = try self.transaction.overlapping(IPv6Prefix(containing: pop.ipv6, length: 128)) {
            throw RegistryError.refused("\(pop.ipv6) lies in \(prefix.prefix), which is routed into tunnels")
        }
    }

    private func tunnel(endingAt address: IPAddress) throws -> Int64? {
        let sql = "SELECT number FROM tunnel WHERE endpoint = ? ORDER BY number LIMIT 1"
        return try Int64.fetchOne(self.database, sql: sql, arguments: [address.description])
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

    func remove(_ name: PoPName) throws -> PoP {
        let pop = try SQLiteRegistry.pop(named: name, in: self.database)
        let tunnels = try self.transaction.count("tunnel WHERE popID = ?", [pop.id])
        guard tunnels == 0 else {
            throw RegistryError.refused("\(name) has \(tunnels) tunnels: remove them first")
        }
        let prefixes = try PrefixRecord.fetchAll(
            self.database,
            sql: "SELECT * FROM prefix WHERE popID = ?",
            arguments: [pop.id]
        )
        for record in prefixes {
            _ = try PrefixChanges(transaction: self.transaction).remove(record.routed.prefix)
        }
        try PoPRecord(pop).delete(self.database)
        try self.transaction.audit("pop \(name)", from: PoPDocument(pop), to: nil, concerning: .allPoPs)
        return pop
    }
}
