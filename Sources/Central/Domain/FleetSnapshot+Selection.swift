extension FleetSnapshot {
    /// The PoPs that are named, or all that are enabled when none is.
    ///
    /// - Throws: ``RegistryError/notFound(_:)`` when a name is of no PoP.
    package func selection(_ names: [PoPName]) throws(RegistryError) -> [PoP] {
        for name in names { _ = try self.demand(name) }
        let wanted = Set(names)
        return self.pops.filter { names.isEmpty ? $0.isEnabled : wanted.contains($0.name) }
    }

    /// The PoP of a name.
    ///
    /// - Throws: ``RegistryError/notFound(_:)``.
    package func demand(_ name: PoPName) throws(RegistryError) -> PoP {
        guard let pop = self.pop(named: name) else {
            throw .noPoP(name, among: self.pops, self.formerNames)
        }
        return pop
    }
}
