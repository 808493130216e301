extension FleetSnapshot {
    /// The PoPs that are named, or all that are enabled when none is.
    ///
    /// - Throws: ``RegistryError/notFound(_:)`` when a name is of no PoP.
    package func selection(_ names: [PoPName]) throws(RegistryError) -> [PoP] {
        for name in names where self.pop(named: name) == nil {
            throw .notFound("there is no PoP \(name); sixxs-central pop list shows those there are")
        }
        let wanted = Set(names)
        return self.pops.filter { names.isEmpty ? $0.isEnabled : wanted.contains($0.name) }
    }
}
