internal import Foundation
internal import Wire

/// The fleet in figures, as `--json` prints it.
struct FleetFigures: Encodable {
    struct Tunnels: Encodable {
        let total: Int

        /// As the last reports of the PoPs said.
        let up: Int
        let active: Int

        /// Of how many PoPs with a report that is unknown.
        let unknown: Int
        let byType: [String: Int]
        let byState: [String: Int]
        let byPoP: [String: Int]
    }

    /// Octets.
    struct Traffic: Encodable {
        let fromUplink: Tally
        let toUplink: Tally
    }

    let pops: Int
    let popsEnabled: Int
    let popsReachable: Int
    let users: Int
    let subnets: Int
    let tunnels: Tunnels
    let lastDay: Traffic
    let lastWeek: Traffic

    /// Reads all of it.
    init(_ store: SQLiteStore) async throws {
        let status = try await FleetStatus(from: store, only: [])
        let population = try await store.populationCounts()
        let byPoP = try await store.tunnelCounts(by: .pop)
        let day = try await store.traffic(since: store.now().addingTimeInterval(-86400))
        let week = try await store.traffic(since: store.now().addingTimeInterval(-7 * 86400))
        self.pops = status.pops.count
        self.popsEnabled = status.pops.count(where: \.pop.isEnabled)
        self.popsReachable = status.pops.count { $0.isReachable == true }
        self.users = population.users
        self.subnets = population.subnets
        self.tunnels = Tunnels(
            total: byPoP.values.reduce(0, +),
            up: status.pops.reduce(0) { $0 + ($1.past.sample?.online ?? 0) },
            active: status.pops.reduce(0) { $0 + ($1.past.sample?.active ?? 0) },
            unknown: status.pops.count { pop in
                pop.past.sample.map { $0.online == nil || $0.active == nil } ?? false
            },
            byType: try await store.tunnelCounts(by: .type),
            byState: try await store.tunnelCounts(by: .state),
            byPoP: byPoP
        )
        self.lastDay = Traffic(fromUplink: day.fromUplink, toUplink: day.toUplink)
        self.lastWeek = Traffic(fromUplink: week.fromUplink, toUplink: week.toUplink)
    }

    /// The same for people.
    var fields: [(String, String)] {
        [
            ("PoPs", "\(self.pops), \(self.popsEnabled) enabled, \(self.popsReachable) reachable"),
            (
                "Tunnels",
                "\(self.tunnels.total), \(self.tunnels.up) up, \(self.tunnels.active) active"
                    + (self.tunnels.unknown > 0 ? "; \(self.tunnels.unknown) PoPs say what cannot be" : "")
            ),
            ("  by type", Self.words(self.tunnels.byType)), ("  by state", Self.words(self.tunnels.byState)),
            ("  by PoP", Self.words(self.tunnels.byPoP)), ("Users", "\(self.users)"),
            ("Subnets", "\(self.subnets)"), ("Last day", Self.words(self.lastDay)),
            ("Last week", Self.words(self.lastWeek)),
        ]
    }

    private static func words(_ counts: [String: Int]) -> String {
        counts.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    private static func words(_ traffic: Traffic) -> String {
        "\(Figures.octets(traffic.fromUplink.value)) from the uplink, \(Figures.octets(traffic.toUplink.value)) to it"
    }
}
