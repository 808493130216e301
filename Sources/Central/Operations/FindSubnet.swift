package import Wire

/// Looks up through which tunnel an address or a prefix is delegated.
package struct FindSubnet: Sendable {
    package let prefix: IPv6Prefix

    package init(around prefix: IPv6Prefix) { self.prefix = prefix }

    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> SubnetDocument {
        let snapshot = try await centre.store.registry.snapshot(of: .fleet)
        guard let subnet = snapshot.subnets.first(where: { $0.prefix.contains(self.prefix) }),
            let document = snapshot.subnetDocuments().first(where: { $0.prefix == "\(subnet.prefix)" })
        else { throw RegistryError.notFound("no delegated prefix holds \(self.prefix)") }
        return document
    }
}
