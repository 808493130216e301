/// Reads the fleet's figures for those who watch it.
package struct ReadFigures: Sendable {
    /// The tunnels as they were counted before, which stay so as long as the registry does.
    package let last: TunnelCensus?

    package init(since last: TunnelCensus?) { self.last = last }

    /// - Throws: ``RegistryError``.
    package func run(in centre: Centre) async throws -> CentreFigures {
        let status = try await FleetStatus(from: centre.store, only: [])
        let population = try await centre.store.registry.populationCounts()
        return CentreFigures(
            status: status,
            users: population.users,
            subnets: population.subnets,
            census: try await self.census(in: centre.store.registry)
        )
    }

    private func census(in registry: any RegistryStore) async throws -> TunnelCensus {
        let revision = try await registry.snapshot(of: .infrastructure).revision
        if let last = self.last, last.revision == revision { return last }
        return TunnelCensus(try await registry.snapshot(of: .fleet))
    }
}

/// What is known of the fleet in figures.
package struct CentreFigures: Sendable {
    package let status: FleetStatus
    package let users: Int
    package let subnets: Int
    package let census: TunnelCensus
}

/// How many tunnels of each kind there are.
package struct TunnelCensus: Sendable {
    /// What tunnels are counted by.
    package struct Kind: Hashable, Comparable, Sendable {
        package let pop: String
        package let type: String

        /// `enabled`, or `disabled` by an operator or by the user.
        package let state: String

        package static func < (left: Kind, right: Kind) -> Bool {
            (left.pop, left.type, left.state) < (right.pop, right.type, right.state)
        }
    }

    /// Of which the counts are.
    package let revision: Int64

    /// By kind, in their order.
    package let counts: [(kind: Kind, count: Int)]

    init(_ snapshot: FleetSnapshot) {
        let names = Dictionary(uniqueKeysWithValues: snapshot.pops.map { ($0.id, $0.name.description) })
        var counts: [Kind: Int] = [:]
        for tunnel in snapshot.tunnels {
            let kind = Kind(
                pop: names[tunnel.popID] ?? "",
                type: tunnel.end.type.rawValue,
                state: tunnel.isUp ? "enabled" : "disabled"
            )
            counts[kind, default: 0] += 1
        }
        self.revision = snapshot.revision
        self.counts = counts.sorted { $0.key < $1.key }.map { (kind: $0.key, count: $0.value) }
    }
}
