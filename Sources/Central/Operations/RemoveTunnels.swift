package import Wire

/// Removes tunnels without subnets: all that are named, or none.
package struct RemoveTunnels: Sendable {
    package let numbers: [TunnelNumber]

    package init(_ numbers: [TunnelNumber]) { self.numbers = numbers }

    /// - Returns: The tunnels as they were.
    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> [TunnelDocument] {
        let documents = try await centre.store.registry.documents(of: self.numbers)
        try await ChangeTogether(self.numbers.map { .removeTunnel($0) }).run(in: centre)
        return documents
    }
}
