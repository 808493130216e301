internal import Wire

/// Shows what happens to PoPs and tunnels as it happens, and before it what did.
package struct FollowEvents: Sendable {
    package let list: ListEvents

    /// How often it is looked for.
    package let interval: Duration

    /// How many are read at once.
    private static let most = 1000

    package init(_ list: ListEvents, interval: Duration = .seconds(1)) {
        self.list = list
        self.interval = interval
    }

    /// Calls back with the events of the past, then with each batch of new ones, until the answer is that nobody listens.
    ///
    /// - Throws: ``RegistryError``, or `CancellationError`.
    package func run(in centre: Centre, _ show: (ListEvents.Answer) -> Bool) async throws {
        // Read first: what comes while the past is read is shown once all the same.
        var position = try await centre.store.history.newestEvent()
        let past = try await self.list.run(in: centre)
        position = max(position, past.newest ?? position)
        guard show(past) else { return }
        let pops = Set(try past.pops(of: self.list.subjects))
        let tunnels = Set(self.list.tunnels)
        while true {
            try await Task.sleep(for: self.interval)
            let newest = try await centre.store.history.newestEvent()
            // Numbers fall where a PoP was removed with all its events.
            position = min(position, newest)
            let events = try await centre.store.history.events(after: position, limit: Self.most)
            position = events.last?.number ?? position
            let wanted = events.filter { numbered in
                self.list.subjects.isEmpty || numbered.event.popID.map(pops.contains) ?? false
                    || numbered.event.tunnel.map(tunnels.contains) ?? false
            }
            let fleet =
                wanted.isEmpty ? past.fleet : try await centre.store.registry.snapshot(of: .infrastructure)
            guard show(ListEvents.Answer(numbered: wanted, fleet: fleet)) else { return }
        }
    }
}
