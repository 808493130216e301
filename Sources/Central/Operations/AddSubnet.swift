package import Wire

/// Delegates a prefix through a tunnel.
package struct AddSubnet: Sendable {
    /// Nil for the lowest that is free.
    package let prefix: IPv6Prefix?
    package let tunnel: TunnelNumber

    package init(_ prefix: IPv6Prefix?, to tunnel: TunnelNumber) {
        self.prefix = prefix
        self.tunnel = tunnel
    }

    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> SubnetDocument {
        let change = ChangeRegistry(.addSubnet(self.prefix, self.tunnel))
        guard case .subnet(let subnet) = try await change.run(in: centre) else {
            throw RegistryError.unusable("the database made no subnet")
        }
        return SubnetDocument(subnet, pop: try await centre.store.registry.pop(of: subnet.tunnel).name)
    }
}
