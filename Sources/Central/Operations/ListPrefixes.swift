/// Lists the prefixes that are routed to PoPs: all, or those of a PoP, of a kind, or of both.
package struct ListPrefixes: Sendable {
    package let pop: PoPName?
    package let kind: PrefixKind?

    package init(of pop: PoPName?, _ kind: PrefixKind?) {
        self.pop = pop
        self.kind = kind
    }

    /// - Throws: ``RegistryError/notFound(_:)`` when there is no such PoP.
    package func run(in centre: Centre) async throws -> [PrefixDocument] {
        let snapshot = try await centre.store.registry.snapshot(of: .infrastructure)
        let popID = try self.pop.map { try snapshot.demand($0).id }
        return snapshot.prefixes.compactMap { prefix in
            guard popID == nil || prefix.popID == popID, self.kind == nil || prefix.kind == self.kind else {
                return nil
            }
            return snapshot.pop(prefix.popID).map { PrefixDocument(prefix, pop: $0.name) }
        }
    }
}
