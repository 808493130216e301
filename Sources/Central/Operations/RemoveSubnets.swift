package import Wire

/// Takes delegated prefixes back: all of them, or none.
package struct RemoveSubnets: Sendable {
    package let prefixes: [IPv6Prefix]

    package init(_ prefixes: [IPv6Prefix]) { self.prefixes = prefixes }

    /// - Returns: What they were.
    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> [SubnetDocument] {
        let known = try await centre.store.registry.snapshot(of: .fleet).subnetDocuments()
        try await ChangeTogether(self.prefixes.map { .removeSubnet($0) }).run(in: centre)
        let removed = Set(self.prefixes.map(\.description))
        return known.filter { removed.contains($0.prefix) }
    }
}
