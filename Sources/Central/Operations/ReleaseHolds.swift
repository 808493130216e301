/// Lets PoPs follow the registry again that are held.
package struct ReleaseHolds: Sendable {
    /// Nil for all.
    package let pops: [PoPName]?

    package init(of pops: [PoPName]?) { self.pops = pops }

    /// - Returns: The PoPs that were held.
    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> [PoPName] {
        let fleet = try await centre.store.registry.snapshot(of: .infrastructure)
        let histories = try await centre.store.rounds.histories()
        let chosen = try self.pops.map { try fleet.selection($0) } ?? fleet.pops
        let held = chosen.filter { histories[$0.id]?.hold != nil }
        if !held.isEmpty { try await centre.store.rounds.release(held.map(\.id), by: centre.author) }
        return held.map(\.name)
    }
}
