/// Makes the registry agree with a folder of YAML files: all changes, or none.
package struct ApplyInventory: Sendable {
    package let folder: String

    package init(folder: String) { self.folder = folder }

    /// What the files would change.
    package struct Prepared: Sendable {
        package let plan: InventoryPlan
        package let revision: Int64
    }

    /// - Throws: `InventoryError` with everything that is wrong, or ``RegistryError``.
    package func prepare(in centre: Centre) async throws -> Prepared {
        let inventory = try InventoryReader(folder: self.folder).read()
        let snapshot = try await centre.store.registry.snapshot(of: .infrastructure)
        return Prepared(
            plan: try InventoryPlan(from: snapshot, to: inventory),
            revision: snapshot.revision
        )
    }

    /// Tries the changes against every rule.
    ///
    /// - Throws: ``RegistryError``.
    package func rehearse(_ prepared: Prepared, in centre: Centre) async throws {
        let changes = prepared.plan.steps.map(\.change)
        try await centre.store.registry.apply(changes, by: centre.author, mode: .rehearse)
    }

    /// Makes the changes, unless somebody changed the registry since they were prepared.
    ///
    /// - Throws: ``RegistryError``.
    package func apply(_ prepared: Prepared, in centre: Centre) async throws {
        try await centre.store.registry.apply(
            prepared.plan.steps.map(\.change),
            by: centre.author,
            expecting: prepared.revision,
            mode: .commit
        )
    }
}
