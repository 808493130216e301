package import Foundation
package import Wire

/// Reads how long packets took from a PoP to the others.
package struct ReadPeers: Sendable {
    package let pop: PoPName

    /// From when on; nil for a day ago.
    package let since: Date?

    package init(of pop: PoPName, since: Date?) {
        self.pop = pop
        self.since = since
    }

    /// One way.
    package struct Row: Sendable {
        package let peer: PoPName
        package let isIPv6: Bool

        /// What its probes measured in all of the time.
        package let counts: PeerProbes.Counts
    }

    /// The ways to PoPs that the registry has, by name, over IPv4 before IPv6.
    ///
    /// - Throws: ``RegistryError/notFound(_:)``.
    package func run(in centre: Centre) async throws -> [Row] {
        let snapshot = try await centre.store.registry.snapshot(of: .infrastructure)
        let pop = try snapshot.demand(self.pop)
        let since = self.since ?? Date(timeIntervalSinceNow: -86400)
        var sums = PeerProbes()
        for step in try await centre.store.samples.peerSteps(ofPoP: pop.id, since: since) {
            sums.add(step.probes)
        }
        let names = Dictionary(uniqueKeysWithValues: snapshot.pops.map { ($0.id, $0.name) })
        let rows = sums.counts.compactMap { path, counts in
            names[path.peer].map { Row(peer: $0, isIPv6: path.isIPv6, counts: counts) }
        }
        return rows.sorted {
            ("\($0.peer)", $0.isIPv6 ? 1 : 0) < ("\($1.peer)", $1.isIPv6 ? 1 : 0)
        }
    }
}
