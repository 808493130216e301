package import Wire

/// Does the same to several tunnels: to all of them, or to none.
package struct ChangeTunnels: Sendable {
    /// What is done to each.
    package enum Action: Sendable {
        case amend(TunnelAmendment)
        case remove
    }

    package let numbers: [TunnelNumber]
    package let action: Action

    package init(_ numbers: [TunnelNumber], _ action: Action) {
        self.numbers = numbers
        self.action = action
    }

    /// - Returns: The tunnels as they are then; those that were removed as they were.
    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> [TunnelDocument] {
        let registry = centre.store.registry
        switch self.action {
        case .amend(let amendment):
            try await ChangeTogether(self.numbers.map { .amendTunnel($0, amendment) }).run(in: centre)
            return try await registry.documents(of: self.numbers)
        case .remove:
            let documents = try await registry.documents(of: self.numbers)
            try await ChangeTogether(self.numbers.map { .removeTunnel($0) }).run(in: centre)
            return documents
        }
    }
}

extension RegistryStore {
    /// The tunnels with these numbers, in their order.
    ///
    /// - Throws: ``RegistryError/notFound(_:)``.
    package func documents(of numbers: [TunnelNumber]) async throws -> [TunnelDocument] {
        guard let first = numbers.first else { return [] }
        let scope = numbers.count == 1 ? FleetSnapshot.Scope.tunnel(first) : .fleet
        let documents = try await self.snapshot(of: scope).tunnelDocuments()
        let byNumber = Dictionary(uniqueKeysWithValues: documents.map { ($0.tunnel, $0) })
        return try numbers.map { number in
            guard let document = byNumber["\(number)"] else { throw RegistryError.noTunnel(number) }
            return document
        }
    }
}
