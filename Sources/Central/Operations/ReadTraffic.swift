package import Foundation

/// Reads what a tunnel or a PoP did over time.
package struct ReadTraffic: Sendable {
    package let subject: Subject

    /// From when on; nil for a day ago.
    package let since: Date?

    package init(of subject: Subject, since: Date?) {
        self.subject = subject
        self.since = since
    }

    /// The steps, and what of the PoP's last report is not believed.
    package struct Answer: Sendable {
        package let steps: [TrafficStep]
        package let pop: PoPName
        package let doubts: String?
    }

    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> Answer {
        let since = self.since ?? Date(timeIntervalSinceNow: -86400)
        let (pop, counters) = try await self.counters(since: since, in: centre.store)
        return Answer(
            steps: TrafficStep.differences(of: counters),
            pop: pop.name,
            doubts: try await centre.store.samples.latestSamples()[pop.id]?.doubts
        )
    }

    private func counters(since: Date, in store: FleetStore) async throws -> (PoP, [CounterStep]) {
        switch self.subject {
        case .pop(let name):
            let pop = try await store.registry.snapshot(of: .infrastructure).demand(name)
            return (pop, try await store.samples.steps(ofPoP: pop.id, since: since))
        case .tunnel(let number):
            return (
                try await store.registry.pop(of: number),
                try await store.samples.steps(of: number, since: since)
            )
        }
    }
}
