internal import Wire

/// What a round would do: which PoPs, and with which configurations.
///
/// Pure: the same snapshot always gives the same plan.
struct PushPlan: Sendable {
    /// One PoP's part.
    struct Item: Sendable {
        let pop: PoP

        /// What to push, or why the registry's own rules forbid to push it.
        let rendering: Result<Rendering, Configuration.Conflict>
    }

    /// By name of the PoP.
    let items: [Item]

    /// Plans for the PoPs that are named, disabled ones too, or for all that are enabled.
    ///
    /// - Throws: ``RegistryError/notFound(_:)`` when a name is of no PoP.
    init(_ snapshot: FleetSnapshot, only names: [PoPName] = []) throws(RegistryError) {
        let renderer = ConfigurationRenderer(snapshot)
        self.items = try snapshot.selection(names).map { pop in
            let rendering = Result { () throws(Configuration.Conflict) in try renderer.render(pop.id) }
            return Item(pop: pop, rendering: rendering)
        }
    }
}

extension FleetSnapshot {
    /// The PoPs that are named, or all that are enabled when none is.
    ///
    /// - Throws: ``RegistryError/notFound(_:)`` when a name is of no PoP.
    func selection(_ names: [PoPName]) throws(RegistryError) -> [PoP] {
        for name in names where self.pop(named: name) == nil {
            throw .notFound("there is no PoP \(name); sixxs-central pop list shows those there are")
        }
        let wanted = Set(names)
        return self.pops.filter { names.isEmpty ? $0.isEnabled : wanted.contains($0.name) }
    }
}
