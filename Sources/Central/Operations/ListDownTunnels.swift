package import Foundation
internal import Wire

/// Lists the tunnels that should carry packets and did not when their PoPs last reported.
package struct ListDownTunnels: Sendable {
    package let filter: TunnelFilter

    package init(_ filter: TunnelFilter = TunnelFilter()) { self.filter = filter }

    /// A tunnel that is down.
    package struct Row: Sendable {
        package let tunnel: TunnelDocument

        /// Since when, as far as is known; nil for one that was never up.
        package let since: Date?

        /// When its PoP last reported it; nil for one that its PoP never reported.
        package let reported: Date?
    }

    /// A PoP that does not answer, so that nobody knows how its tunnels are now.
    package struct Silence: Sendable {
        package let pop: PoPName
        package let since: Date

        /// When it last reported; nil when it never did.
        package let reported: Date?
    }

    /// Those that are down, the newest last, and the PoPs of which it is not known.
    package struct Answer: Sendable {
        package let rows: [Row]
        package let silent: [Silence]
    }

    /// - Throws: ``RegistryError/notFound(_:)`` when there is no such PoP or user.
    package func run(in centre: Centre) async throws -> Answer {
        let store = centre.store
        var filter = self.filter
        filter.isEnabled = true
        let snapshot = try await store.registry.snapshot(only: filter)
        let samples = try await store.samples.tunnelSamples()
        let down = snapshot.tunnels.filter { Self.isDown($0, samples[$0.number]) }
        let since = try await store.downSince(down.map(\.number))
        let documents = Dictionary(uniqueKeysWithValues: snapshot.tunnelDocuments().map { ($0.tunnel, $0) })
        let rows = down.compactMap { tunnel in
            documents["\(tunnel.number)"].map { document in
                let sample = samples[tunnel.number].flatMap { $0.popID == tunnel.popID ? $0 : nil }
                return Row(tunnel: document, since: since[tunnel.number], reported: sample?.time)
            }
        }
        return Answer(
            rows: rows.sorted { ($0.since ?? .distantPast) < ($1.since ?? .distantPast) },
            silent: try await Self.silent(of: snapshot, in: store)
        )
    }

    private static func isDown(_ tunnel: Tunnel, _ sample: TunnelSample?) -> Bool {
        sample?.popID != tunnel.popID || sample?.state != .up
    }

    private static func silent(of snapshot: FleetSnapshot, in store: FleetStore) async throws -> [Silence] {
        let histories = try await store.rounds.histories()
        let concerned = Set(snapshot.tunnels.map(\.popID))
        return snapshot.pops.filter { concerned.contains($0.id) }.compactMap { pop in
            histories[pop.id]?.breaker.map { breaker in
                Silence(pop: pop.name, since: breaker.since, reported: histories[pop.id]?.sample?.time)
            }
        }
    }
}

extension FleetStore {
    /// When tunnels that are down were last known to be up; those that never were are left out.
    fileprivate func downSince(_ tunnels: [TunnelNumber]) async throws -> [TunnelNumber: Date] {
        let turns = try await self.history.latestTurns(of: tunnels).filter { $0.value.kind == .tunnelDown }
        let rest = tunnels.filter { turns[$0] == nil }
        // What went down so long ago that the event is gone, or while its PoP did not answer.
        let steps = try await self.samples.lastUp(of: rest)
        return turns.mapValues(\.time).merging(steps) { turn, _ in turn }
    }
}
