/// Writes the registry, or what concerns one PoP, as import reads it.
package struct ExportFleet: Sendable {
    /// Nil for all.
    package let pop: PoPName?
    package let secrets: TransferDocument.SecretPolicy

    package init(only pop: PoPName?, secrets: TransferDocument.SecretPolicy) {
        self.pop = pop
        self.secrets = secrets
    }

    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> TransferDocument {
        var snapshot = try await centre.store.registry.snapshot(of: self.pop.map { .pop($0) } ?? .fleet)
        if self.pop != nil { snapshot.users = try await centre.store.registry.snapshot(of: .users).users }
        return TransferDocument(snapshot, only: self.pop, secrets: self.secrets)
    }
}
