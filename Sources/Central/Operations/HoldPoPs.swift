/// Keeps PoPs on what they confirmed last, whatever becomes of the registry, until they are let go on.
package struct HoldPoPs: Sendable {
    package let pops: [PoPName]
    package let reason: String

    package init(_ pops: [PoPName], because reason: String) {
        self.pops = pops
        self.reason = reason
    }

    /// A PoP, and what it is held on; no generation for one that nothing was ever confirmed for.
    package struct Held: Sendable {
        package let pop: PoPName
        package let hold: Hold
    }

    /// - Throws: ``RegistryError`` when one is not there, or is held already: then none is.
    package func run(in centre: Centre) async throws -> [Held] {
        let pops = try await centre.store.registry.snapshot(of: .infrastructure).selection(self.pops)
        let histories = try await centre.store.rounds.histories()
        for pop in pops {
            guard let hold = histories[pop.id]?.hold else { continue }
            throw RegistryError.refused("\(pop.name) is \(hold.words(for: pop.name)); nothing was changed")
        }
        try await centre.store.rounds.hold(
            pops.map { ($0.id, histories[$0.id]?.confirmedGeneration) },
            by: centre.author,
            self.reason
        )
        let held = try await centre.store.rounds.histories()
        return pops.compactMap { pop in held[pop.id]?.hold.map { Held(pop: pop.name, hold: $0) } }
    }
}
