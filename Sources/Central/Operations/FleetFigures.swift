package import Foundation
package import Wire

/// The fleet in figures, as `--json` prints it.
package struct FleetFigures: Encodable {
    package struct Tunnels: Encodable {
        package let total: Int

        /// As the PoPs said that could be reached the last time.
        package let up: Int
        package let active: Int

        /// How many are at PoPs of which nobody knows.
        package let unknown: Int
        package let byType: [String: Int]
        package let byState: [String: Int]
        package let byPoP: [String: Int]
    }

    /// Octets.
    package struct Traffic: Encodable {
        package let fromUplink: Tally
        package let toUplink: Tally
    }

    package let pops: Int
    package let popsEnabled: Int
    package let popsReachable: Int
    package let users: Int
    package let subnets: Int
    package let tunnels: Tunnels
    package let lastDay: Traffic
    package let lastWeek: Traffic

    /// Reads all of it.
    package init(_ store: FleetStore, now: Date) async throws {
        let status = try await FleetStatus(from: store, only: [])
        let tunnels = FleetTunnels(status.pops.filter(\.pop.isEnabled), now: now)
        let population = try await store.registry.populationCounts()
        let byPoP = try await store.registry.tunnelCounts(by: .pop)
        let day = try await store.samples.traffic(since: now.addingTimeInterval(-86400))
        let week = try await store.samples.traffic(since: now.addingTimeInterval(-7 * 86400))
        self.pops = status.pops.count
        self.popsEnabled = status.pops.count(where: \.pop.isEnabled)
        self.popsReachable = status.pops.count { $0.isReachable == true }
        self.users = population.users
        self.subnets = population.subnets
        self.tunnels = Tunnels(
            total: byPoP.values.reduce(0, +),
            up: tunnels.up,
            active: status.pops.reduce(0) { sum, pop in
                sum + (pop.isCurrent(at: now) ? min(pop.latest?.active ?? 0, pop.registered) : 0)
            },
            unknown: tunnels.unknown,
            byType: try await store.registry.tunnelCounts(by: .type),
            byState: try await store.registry.tunnelCounts(by: .state),
            byPoP: byPoP
        )
        self.lastDay = Traffic(fromUplink: day.fromUplink, toUplink: day.toUplink)
        self.lastWeek = Traffic(fromUplink: week.fromUplink, toUplink: week.toUplink)
    }
}
