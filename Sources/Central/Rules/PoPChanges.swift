internal import Foundation
internal import Wire

/// Changes of PoPs, and what forbids them.
struct PoPChanges {
    let transaction: RegistryTransaction
    private var rows: RegistryRows { self.transaction.rows }

    func add(_ pop: PoP) throws -> PoP {
        try pop.checkTexts()
        if let other = try self.rows.pops.pop(named: pop.name) {
            throw RegistryError.refused("there is a PoP \(pop.name) already, with id \(other.id)")
        }
        try self.checkTaken(pop)
        try self.checkAddresses(pop, before: nil)
        try self.rows.pops.insert(pop)
        try self.transaction.audit("pop \(pop.name)", from: nil, to: PoPDocument(pop), concerning: .allPoPs)
        return pop
    }

    func amend(_ name: PoPName, _ amendment: PoPAmendment) throws -> PoP {
        let old = try self.transaction.pop(named: name)
        let new = amendment.applied(to: old)
        if new != old { try new.checkTexts() }
        try self.checkTaken(new)
        try self.checkAddresses(new, before: old)
        try self.rows.pops.update(new)
        try self.transaction.audit(
            "pop \(name)",
            from: PoPDocument(old),
            to: PoPDocument(new),
            concerning: new.ipv4 == old.ipv4 && new.ipv6 == old.ipv6 ? .noPoP : .allPoPs
        )
        return new
    }

    func rename(_ old: PoPName, to new: PoPName) throws -> PoP {
        let before = try self.transaction.pop(named: old)
        guard old != new else { throw RegistryError.refused("\(old) has that name already") }
        guard try self.rows.pops.pop(named: new) == nil else {
            throw RegistryError.refused("\(old) cannot become \(new): there is such a PoP")
        }
        var pop = before
        pop.name = new
        try self.rows.pops.update(pop)
        try self.rows.pops.insert(FormerName(popID: pop.id, name: old, until: self.transaction.time))
        // Every PoP's configuration names all others.
        try self.transaction.audit(
            "pop \(old)",
            from: PoPDocument(before),
            to: PoPDocument(pop),
            concerning: .allPoPs
        )
        return pop
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
            if let number = try self.rows.tunnels.lowestNumber(endingAt: address) {
                throw RegistryError.refused("\(number) ends at \(address), which is to be \(pop.name)'s own")
            }
        }
        guard !known.contains(.ipv6(pop.ipv6)) else { return }
        if let prefix = try self.rows.prefixes.overlapping(IPv6Prefix(containing: pop.ipv6, length: 128)) {
            throw RegistryError.refused("\(pop.ipv6) lies in \(prefix.prefix), which is routed into tunnels")
        }
    }

    /// Names the PoP that has what another PoP wants.
    private func checkTaken(_ pop: PoP) throws {
        guard let other = try self.rows.pops.conflicting(with: pop) else { return }
        let what =
            other.id == pop.id
            ? "id \(pop.id)"
            : other.ipv4 == pop.ipv4 ? "IPv4 address \(pop.ipv4)" : "IPv6 address \(pop.ipv6)"
        throw RegistryError.refused("\(pop.name) cannot have \(what): \(other.name) has it")
    }

    func remove(_ name: PoPName) throws -> PoP {
        let pop = try self.transaction.pop(named: name)
        let tunnels = try self.rows.tunnels.count(ofPoP: pop.id)
        guard tunnels == 0 else {
            throw RegistryError.refused("\(name) has \(tunnels.counted("tunnel")): remove them first")
        }
        for kind in PrefixKind.allCases {
            for routed in try self.rows.prefixes.prefixes(of: pop.id, kind) {
                _ = try PrefixChanges(transaction: self.transaction).remove(routed.prefix)
            }
        }
        try self.rows.pops.delete(pop)
        try self.transaction.audit("pop \(name)", from: PoPDocument(pop), to: nil, concerning: .allPoPs)
        return pop
    }
}
