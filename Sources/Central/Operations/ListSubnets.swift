package import Wire

/// Lists delegated prefixes: all, or those of the tunnels that a filter takes.
package struct ListSubnets: Sendable {
    package let filter: TunnelFilter

    /// Nil for all.
    package let tunnel: TunnelNumber?

    package init(of tunnel: TunnelNumber? = nil, _ filter: TunnelFilter = TunnelFilter()) {
        self.tunnel = tunnel
        self.filter = filter
    }

    /// - Throws: ``RegistryError/notFound(_:)`` when there is no such tunnel, PoP or user.
    package func run(in centre: Centre) async throws -> [SubnetDocument] {
        let registry = centre.store.registry
        let snapshot = try await registry.snapshot(of: self.tunnel.map { .tunnel($0) } ?? self.filter.scope)
        return try snapshot.only(self.filter).subnetDocuments()
    }
}
