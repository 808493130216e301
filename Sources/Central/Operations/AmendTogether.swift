/// Changes things that there are: all that are named, or none; and notes which were so already.
package struct AmendTogether: Sendable {
    /// What became of one.
    package struct Outcome: Sendable {
        package let result: RegistryResult
        /// Whether it is other than before.
        package let isChanged: Bool
    }

    package let changes: [RegistryChange]

    package init(_ changes: [RegistryChange]) { self.changes = changes }

    /// - Returns: One outcome a change, in order.
    /// - Throws: ``RegistryError`` with the rule that is broken.
    package func run(in centre: Centre) async throws -> [Outcome] {
        let old = try await self.present(in: centre.store.registry)
        let new = try await ChangeTogether(self.changes).run(in: centre)
        return zip(new, old).map { Outcome(result: $0, isChanged: $0 != $1) }
    }

    /// What is to be changed, as it is now; nil for what there is not, and for what is only made.
    private func present(in registry: any RegistryStore) async throws -> [RegistryResult?] {
        let scopes = Set(self.changes.compactMap(\.scope))
        // Where one thing alone is asked for that is not there, the change itself says so.
        guard let scope = scopes.first,
            let snapshot = try? await registry.snapshot(of: scopes.count == 1 ? scope : .fleet)
        else { return self.changes.map { _ in nil } }
        let tunnels = Dictionary(uniqueKeysWithValues: snapshot.tunnels.map { ($0.number, $0) })
        return self.changes.map { change in
            switch change {
            case .amendTunnel(let number, _): tunnels[number].map { .tunnel($0) }
            case .amendUser(let handle, _): snapshot.users.first { $0.handle == handle }.map { .user($0) }
            case .amendPoP(let name, _): snapshot.pops.first { $0.name == name }.map { .pop($0) }
            default: nil
            }
        }
    }
}

extension RegistryChange {
    /// Where what it changes is found; nil for what changes nothing that there is.
    fileprivate var scope: FleetSnapshot.Scope? {
        switch self {
        case .amendTunnel(let number, _): .tunnel(number)
        case .amendUser: .users
        case .amendPoP: .infrastructure
        default: nil
        }
    }
}
