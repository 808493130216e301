internal import Wire

/// Compares two configurations that a PoP had.
package struct CompareGenerations: Sendable {
    package let pop: PoPName
    package let old: Int

    /// Nil for the newest.
    package let new: Int?

    package init(of pop: PoPName, _ old: Int, _ new: Int?) {
        self.pop = pop
        self.old = old
        self.new = new
    }

    /// - Returns: The lines that differ, without passwords.
    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> [String] {
        let pop = try await centre.store.registry.snapshot(of: .infrastructure).demand(self.pop)
        let newest = try await centre.store.history.generationSummaries(of: pop.id, limit: 1).first?.number
        let old = try await self.configuration(self.old, of: pop, in: centre)
        let new = try await self.configuration(self.new ?? newest ?? self.old, of: pop, in: centre)
        return new.differenceLines(from: old)
    }

    private func configuration(_ number: Int, of pop: PoP, in centre: Centre) async throws -> Configuration {
        let generation = try await centre.store.rounds.generation(number, of: pop.id)
        return try Configuration(parsing: generation.text, file: "generation \(number) of \(self.pop)")
    }
}
