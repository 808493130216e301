package import Wire

/// Looks a PoP up, with its prefixes and the count of its tunnels.
package struct ShowPoP: Sendable {
    package let name: PoPName

    package init(_ name: PoPName) { self.name = name }

    /// What is known of it.
    package struct Answer: Sendable {
        package let pop: PoP
        package let tunnelPrefix: IPv6Prefix?
        package let subnetPrefixes: [IPv6Prefix]
        package let tunnelCount: Int
    }

    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> Answer {
        let snapshot = try await centre.store.registry.snapshot(of: .pop(self.name))
        let pop = try snapshot.demand(self.name)
        return Answer(
            pop: pop,
            tunnelPrefix: snapshot.tunnelPrefix(of: pop.id),
            subnetPrefixes: snapshot.subnetPrefixes(of: pop.id),
            tunnelCount: snapshot.tunnels.count
        )
    }
}
