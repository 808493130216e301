package import Wire

/// Looks up in which PoP's prefix an address or a prefix lies.
package struct FindPrefix: Sendable {
    package let prefix: IPv6Prefix

    package init(around prefix: IPv6Prefix) { self.prefix = prefix }

    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> PrefixDocument {
        let snapshot = try await centre.store.registry.snapshot(of: .infrastructure)
        guard let routed = snapshot.prefixes.first(where: { $0.prefix.contains(self.prefix) }),
            let pop = snapshot.pop(routed.popID)
        else { throw RegistryError.notFound("no PoP has a prefix that \(self.prefix) lies in") }
        return PrefixDocument(routed, pop: pop.name)
    }
}
