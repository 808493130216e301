/// Lists users: all, or those who own tunnels that a filter takes.
package struct ListUsers: Sendable {
    package let filter: TunnelFilter

    package init(_ filter: TunnelFilter = TunnelFilter()) { self.filter = filter }

    /// A user, and how many tunnels they own, whatever the filter.
    package struct Row: Sendable {
        package let user: User
        package let tunnelCount: Int
    }

    /// - Throws: ``RegistryError/notFound(_:)`` when there is no such PoP.
    package func run(in centre: Centre) async throws -> [Row] {
        let registry = centre.store.registry
        let users = try await registry.snapshot(of: .users).users
        let counts = try await registry.tunnelCounts(by: .owner)
        let rows = users.map {
            Row(user: $0, tunnelCount: counts[$0.handle.description] ?? 0)
        }
        guard !self.filter.isEmpty else { return rows }
        let owners = Set(try await registry.snapshot(only: self.filter).tunnels.compactMap(\.owner))
        return rows.filter { owners.contains($0.user.handle) }
    }
}
