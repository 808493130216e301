/// Lists tunnels: all, or those of a PoP, of a user, or of both.
package struct ListTunnels: Sendable {
    package let pop: PoPName?
    package let owner: UserHandle?

    package init(of pop: PoPName?, owner: UserHandle?) {
        self.pop = pop
        self.owner = owner
    }

    /// - Throws: ``RegistryError/notFound(_:)`` when there is no such PoP or user.
    package func run(in centre: Centre) async throws -> [TunnelDocument] {
        let scope =
            self.owner.map { FleetSnapshot.Scope.owner($0) } ?? self.pop.map { .pop($0) } ?? .fleet
        let snapshot = try await centre.store.registry.snapshot(of: scope)
        guard let pop = self.pop else { return snapshot.tunnelDocuments() }
        _ = try snapshot.demand(pop)
        return snapshot.tunnelDocuments().filter { $0.pop == pop.description }
    }
}
