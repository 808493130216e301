internal import Wire

/// Lists what happened to PoPs and tunnels: to all, or to those that are named.
package struct ListEvents: Sendable {
    package let subjects: [Subject]
    package let window: HistoryWindow

    package init(of subjects: [Subject], _ window: HistoryWindow) {
        self.subjects = subjects
        self.window = window
    }

    /// The events, the newest last, and the PoPs' names.
    package struct Answer: Sendable {
        package let numbered: [NumberedEvent]
        package let fleet: FleetSnapshot
        package var events: [FleetEvent] { self.numbered.map(\.event) }

        /// The number of the newest; nil when there is none.
        var newest: Int64? { self.numbered.last?.number }

        /// The PoPs that are named.
        func pops(of subjects: [Subject]) throws -> [Int] {
            let names = subjects.compactMap { if case .pop(let name) = $0 { name } else { nil } }
            return names.isEmpty ? [] : try self.fleet.selection(names).map(\.id)
        }
    }

    /// The tunnels that are named.
    var tunnels: [TunnelNumber] {
        self.subjects.compactMap { if case .tunnel(let number) = $0 { number } else { nil } }
    }

    /// - Throws: ``RegistryError/notFound(_:)`` for a PoP that is not there, or a tunnel that never was.
    package func run(in centre: Centre) async throws -> Answer {
        let fleet = try await centre.store.registry.snapshot(of: .infrastructure)
        let names = self.subjects.compactMap { if case .pop(let name) = $0 { name } else { nil } }
        let pops = names.isEmpty ? [] : try fleet.selection(names)
        if let number = try await centre.store.registry.neverGiven(self.tunnels).first {
            throw RegistryError.notFound(
                "there never was a tunnel \(number); sixxs-central tunnel list shows those there are"
            )
        }
        let events = try await centre.store.history.events(of: pops.map(\.id), and: self.tunnels, self.window)
        return Answer(numbered: events, fleet: fleet)
    }
}
