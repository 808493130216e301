/// Looks up which configurations a PoP had, and its last pushes.
package struct ShowHistory: Sendable {
    package let pop: PoPName

    /// How many of each.
    package let limit: Int

    package init(of pop: PoPName, limit: Int) {
        self.pop = pop
        self.limit = limit
    }

    /// The newest generation first, the newest push last.
    package struct Answer: Sendable {
        package let generations: [GenerationSummary]
        package let pushes: [Contact]
    }

    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> Answer {
        let pop = try await centre.store.registry.snapshot(of: .infrastructure).demand(self.pop)
        let pushes = try await centre.store.history.pushes(of: pop.id, HistoryWindow(last: self.limit))
        return Answer(
            generations: try await centre.store.history.generationSummaries(of: pop.id, limit: self.limit),
            pushes: pushes
        )
    }
}
