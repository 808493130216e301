internal import Wire

/// Pushes an older generation to a PoP, and keeps the PoP on it until it is released.
package struct RollBack: Sendable {
    package let pop: PoPName

    /// Nil for the one that was confirmed before the present one.
    package let generation: Int?

    /// Whether it may take many tunnels away.
    package let isForced: Bool

    package init(_ pop: PoPName, to generation: Int?, isForced: Bool = false) {
        self.pop = pop
        self.generation = generation
        self.isForced = isForced
    }

    /// What it would do.
    package struct Prepared: Sendable {
        package let generation: Generation

        /// What of what the PoP confirmed last would become another.
        package let summary: ChangeSummary

        /// Why it does not take place, or nil.
        package let rejection: String?
    }

    /// What the PoP runs now, and what its daemon said.
    package struct Answer: Sendable {
        package let generation: Int
        package let detail: String
    }

    /// Looks what it would take away from what the PoP confirmed last.
    ///
    /// - Throws: ``RegistryError``.
    package func prepare(in centre: Centre) async throws -> Prepared {
        let pop = try await centre.store.registry.snapshot(of: .infrastructure).demand(self.pop)
        let present = try await centre.store.rounds.histories()[pop.id]?.confirmedGeneration
        let target = try await self.target(of: pop, after: present, in: centre.store)
        let before = try await present.asyncMap { try await centre.store.rounds.generation($0, of: pop.id) }
        let old = try before.map(Self.configuration) ?? Configuration()
        let new = try Self.configuration(of: target)
        let guardian = MassChangeGuard(enabled: new.enabledTunnels)
        let excess = guardian.excess(over: old.enabledTunnels.sorted())
        return Prepared(
            generation: target,
            summary: ChangeSummary(new.itemChanges(from: old), tunnelsBefore: old.enabledTunnels.count),
            rejection: self.isForced
                ? nil
                : excess.map { excess in
                    "generation \(target.number) would remove or disable \(excess.losses) of \(excess.of) tunnels of "
                        + "\(self.pop): if that is intended, repeat with --force"
                }
        )
    }

    /// - Throws: ``RegistryError``; a PoP that cannot be reached is held all the same.
    package func run(_ prepared: Prepared, in centre: Centre) async throws -> Answer {
        if let rejection = prepared.rejection { throw RegistryError.refused(rejection) }
        let number = prepared.generation.number
        let reason = "rollback to generation \(number)"
        try await centre.store.rounds.hold([(prepared.generation.popID, number)], by: centre.author, reason)
        let round = Round(byHandIn: centre, reason: reason)
        let outcome = try await round.runAlone(only: [self.pop], within: PushNow.patience).first
        guard let outcome, outcome.attempt.outcome.isSuccess else {
            throw RegistryError.unusable(
                "\(self.pop) is held on generation \(number), but does not have it yet: \(outcome?.attempt.detail ?? "")"
            )
        }
        return Answer(generation: number, detail: outcome.attempt.detail)
    }

    private func target(of pop: PoP, after present: Int?, in store: FleetStore) async throws -> Generation {
        if let number = self.generation {
            return try await store.rounds.generation(number, of: pop.id)
        }
        let generations = try await store.history.generationSummaries(of: pop.id, limit: .max)
        guard let present,
            let target = generations.first(where: { $0.number < present && $0.confirmed != nil })
        else {
            throw RegistryError.refused("\(self.pop) has no confirmed generation before the present one")
        }
        return try await store.rounds.generation(target.number, of: pop.id)
    }

    private static func configuration(of generation: Generation) throws -> Configuration {
        try Configuration(parsing: generation.text, file: "generation \(generation.number)")
    }
}

extension Configuration {
    /// The tunnels that carry packets, as `T12`.
    fileprivate var enabledTunnels: Set<String> {
        Set(self.tunnels.lazy.filter { $0.state == .up }.map { "\($0.number)" })
    }
}

extension Optional where Wrapped: Sendable {
    fileprivate func asyncMap<Value>(_ transform: (Wrapped) async throws -> Value) async rethrows -> Value? {
        guard let self else { return nil }
        return try await transform(self)
    }
}
