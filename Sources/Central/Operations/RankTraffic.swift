package import Foundation
package import Wire

/// Adds up what tunnels moved, by owner or by something else that they share, the most first.
package struct RankTraffic: Sendable {
    /// What tunnels are added up by.
    package enum Key: String, CaseIterable, Sendable {
        case owner
        case pop
        case type
        case tunnel
    }

    package let key: Key
    package let filter: TunnelFilter
    package let since: Date

    package init(by key: Key, _ filter: TunnelFilter, since: Date) {
        self.key = key
        self.filter = filter
        self.since = since
    }

    /// What tunnels that share something moved, in octets.
    package struct Row: Hashable, Sendable {
        /// Nil for those without an owner.
        package let name: String?
        package let tunnelCount: Int
        package let fromUser: Tally
        package let toUser: Tally

        fileprivate var total: Tally { [self.fromUser, self.toUser].sum }
    }

    /// - Throws: ``RegistryError/notFound(_:)`` when there is no such PoP or user.
    package func run(in centre: Centre) async throws -> [Row] {
        let snapshot = try await centre.store.registry.snapshot(only: self.filter)
        let traffic = try await centre.store.samples.tunnelTraffic(since: self.since)
        let names = Dictionary(uniqueKeysWithValues: snapshot.pops.map { ($0.id, $0.name.description) })
        let groups = Dictionary(grouping: snapshot.tunnels) { tunnel in
            switch self.key {
            case .owner: tunnel.owner?.description
            case .pop: names[tunnel.popID]
            case .type: tunnel.end.type.rawValue
            case .tunnel: tunnel.number.description
            }
        }
        let rows = groups.map { name, tunnels in
            let moved = tunnels.compactMap { traffic[$0.number] }
            return Row(
                name: name,
                tunnelCount: tunnels.count,
                fromUser: moved.map(\.fromUser).sum,
                toUser: moved.map(\.toUser).sum
            )
        }
        return rows.sorted { ($1.total, $0.name ?? "") < ($0.total, $1.name ?? "") }
    }
}
