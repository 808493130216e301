internal import Foundation

/// Looks up which configurations a PoP had, and its last pushes.
package struct ShowHistory: Sendable {
    package let pop: PoPName

    /// How much of each.
    package let window: HistoryWindow

    package init(of pop: PoPName, _ window: HistoryWindow) {
        self.pop = pop
        self.window = window
    }

    /// The newest of each last.
    package struct Answer: Sendable {
        package let generations: [GenerationSummary]
        package let pushes: [Contact]

        /// What the PoP is kept on, if it is.
        package let hold: Hold?
    }

    /// How many there are of each when nothing is said.
    private static let usual = 10

    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> Answer {
        let pop = try await centre.store.registry.snapshot(of: .infrastructure).demand(self.pop)
        var window = self.window
        window.last = window.limit(Self.usual)
        let generations = try await centre.store.history.generationSummaries(
            of: pop.id,
            limit: window.limit(Self.usual)
        )
        return Answer(
            generations: generations.filter { $0.created >= window.since ?? .distantPast }.reversed(),
            pushes: try await centre.store.history.pushes(of: pop.id, window),
            hold: try await centre.store.rounds.histories()[pop.id]?.hold
        )
    }
}
