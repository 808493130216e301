/// Lists tunnels: all, or those that a filter takes.
package struct ListTunnels: Sendable {
    package let filter: TunnelFilter

    package init(_ filter: TunnelFilter = TunnelFilter()) { self.filter = filter }

    /// - Throws: ``RegistryError/notFound(_:)`` when there is no such PoP or user.
    package func run(in centre: Centre) async throws -> [TunnelDocument] {
        try await centre.store.registry.snapshot(only: self.filter).tunnelDocuments()
    }
}

extension RegistryStore {
    /// The tunnels that a filter takes, with their subnets.
    ///
    /// - Throws: ``RegistryError/notFound(_:)`` when there is no such PoP or user.
    package func snapshot(only filter: TunnelFilter) async throws -> FleetSnapshot {
        try await self.snapshot(of: filter.scope).only(filter)
    }
}
