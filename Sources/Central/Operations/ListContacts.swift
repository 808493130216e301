/// Lists each time that the centre spoke with PoPs: with all, or with those that are named.
package struct ListContacts: Sendable {
    package let pops: [PoPName]
    package let window: HistoryWindow

    package init(with pops: [PoPName], _ window: HistoryWindow) {
        self.pops = pops
        self.window = window
    }

    /// The contacts, the newest last, and the PoPs' names.
    package struct Answer: Sendable {
        package let contacts: [Contact]
        package let fleet: FleetSnapshot
    }

    /// - Throws: ``RegistryError/notFound(_:)`` for a PoP that is not there.
    package func run(in centre: Centre) async throws -> Answer {
        let fleet = try await centre.store.registry.snapshot(of: .infrastructure)
        let pops = self.pops.isEmpty ? [] : try fleet.selection(self.pops)
        return Answer(
            contacts: try await centre.store.history.contacts(of: pops.map(\.id), self.window),
            fleet: fleet
        )
    }
}
