/// Pushes an older generation to a PoP, and keeps the PoP on it until it is released.
package struct RollBack: Sendable {
    package let pop: PoPName

    /// Nil for the one that was confirmed before the present one.
    package let generation: Int?

    package init(_ pop: PoPName, to generation: Int?) {
        self.pop = pop
        self.generation = generation
    }

    /// What the PoP runs now, and what its daemon said.
    package struct Answer: Sendable {
        package let generation: Int
        package let detail: String
    }

    /// - Throws: ``RegistryError``; a PoP that cannot be reached is held all the same.
    package func run(in centre: Centre) async throws -> Answer {
        let pop = try await centre.store.registry.snapshot(of: .infrastructure).demand(self.pop)
        let number = try await self.target(of: pop, in: centre.store)
        let reason = "rollback to generation \(number)"
        try await centre.store.rounds.hold([(pop.id, number)], by: centre.author, reason)
        let round = Round(byHandIn: centre, reason: reason)
        let outcome = try await round.runAlone(only: [self.pop], within: PushNow.patience).first
        guard let outcome, outcome.attempt.outcome.isSuccess else {
            throw RegistryError.unusable(
                "\(self.pop) is held on generation \(number), but does not have it yet: \(outcome?.attempt.detail ?? "")"
            )
        }
        return Answer(generation: number, detail: outcome.attempt.detail)
    }

    private func target(of pop: PoP, in store: FleetStore) async throws -> Int {
        if let number = self.generation {
            return try await store.rounds.generation(number, of: pop.id).number
        }
        let present = try await store.rounds.histories()[pop.id]?.confirmedGeneration
        let generations = try await store.history.generationSummaries(of: pop.id, limit: .max)
        guard let present,
            let target = generations.first(where: { $0.number < present && $0.confirmed != nil })
        else {
            throw RegistryError.refused("\(self.pop) has no confirmed generation before the present one")
        }
        return target.number
    }
}
