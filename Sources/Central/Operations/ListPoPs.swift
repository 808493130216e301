/// Lists PoPs: all, or those that a filter takes.
package struct ListPoPs: Sendable {
    package let filter: PoPFilter

    package init(_ filter: PoPFilter = PoPFilter()) { self.filter = filter }

    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> [PoP] {
        try await centre.store.registry.snapshot(of: .infrastructure).pops.filter(self.filter.takes)
    }
}
