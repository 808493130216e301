package import Wire

/// What a round would do: which PoPs, with which configurations, in which order.
///
/// Pure: the same snapshot and past always give the same plan.
package struct PushPlan: Sendable {
    /// One PoP's part.
    package struct Item: Sendable {
        package let pop: PoP
        package let history: PoPHistory

        /// What the registry wants, or why the registry's own rules forbid to push it.
        let rendering: Result<Rendering, Configuration.Conflict>

        /// The tunnels that carry packets after the push, as `T12`.
        package let enabled: Set<String>

        /// All tunnels that the registry gives the PoP.
        package let tunnels: Set<TunnelNumber>

        /// All PoPs of the fleet.
        let fleet: Set<Int>

        /// What the PoP's report is judged by.
        var reportExpectation: ReportExpectation {
            ReportExpectation(
                popID: self.pop.id,
                popName: self.pop.name.description,
                formerNames: self.history.formerNames,
                tunnels: self.tunnels,
                earlierTunnels: self.history.generationCapacity,
                peers: self.fleet.subtracting([self.pop.id])
            )
        }

        /// Whether the last visit took longer than it had to.
        fileprivate var isSlow: Bool {
            self.history.pushes.map { $0.last.duration > PushPlan.patience } ?? false
        }

        /// Whether the push changes what the daemon confirmed last; one that is held changes nothing.
        var isChange: Bool {
            guard self.history.hold == nil, case .success(let rendering) = self.rendering else {
                return false
            }
            return !self.history.isAsConfirmed(rendering.digest)
        }

        /// What it may go on running without a push: the generation that it confirmed last, with other endpoints.
        ///
        /// Endpoints that were changed between rounds are no generation of their own; nil where there is nothing of the kind.
        var patched: (generation: Int, digests: Set<String>)? {
            let digests = self.history.patchedDigests
            guard let number = self.history.confirmedGeneration, !digests.isEmpty else { return nil }
            if let hold = self.history.hold { return hold.generation == number ? (number, digests) : nil }
            guard case .success(let rendering) = self.rendering, digests.contains(rendering.digest) else {
                return nil
            }
            return (number, [rendering.digest])
        }
    }

    /// Longer than a daemon that is well needs for a visit without a change.
    fileprivate static let patience = Duration.seconds(10)

    /// By name of the PoP.
    package let items: [Item]

    /// How changes go out.
    let policy: WavePolicy

    /// Plans for the PoPs that are named, disabled ones too, or for all that are enabled.
    ///
    /// - Throws: ``RegistryError/notFound(_:)`` when a name is of no PoP.
    package init(
        _ snapshot: FleetSnapshot,
        _ histories: [Int: PoPHistory] = [:],
        only names: [PoPName] = []
    ) throws(RegistryError) {
        let renderer = ConfigurationRenderer(snapshot)
        self.policy = snapshot.waves
        let fleet = Set(snapshot.pops.map(\.id))
        self.items = try snapshot.selection(names).map { pop in
            Item(
                pop: pop,
                history: histories[pop.id] ?? PoPHistory(),
                rendering: Result { () throws(Configuration.Conflict) in try renderer.render(pop.id) },
                enabled: renderer.enabledTunnels(of: pop.id),
                tunnels: renderer.allTunnels(of: pop.id),
                fleet: fleet
            )
        }
    }

    /// Plans with what a store has now.
    ///
    /// - Throws: ``RegistryError``.
    package init(of store: FleetStore, only names: [PoPName]) async throws {
        let snapshot = try await store.registry.snapshot(of: .fleet)
        try self.init(snapshot, try await store.rounds.histories(), only: names)
    }

    /// The items of each wave, in order.
    ///
    /// The second wave has those of the PoPs that are no canaries with the fewest tunnels: the fewest users
    /// bear the risk. PoPs without a change are no risk, and in the first; those among them that kept the centre waiting
    /// the last time come after everybody else.
    package var waves: [(wave: Wave, items: [Item])] {
        let (changes, same) = (self.items.filter(\.isChange), self.items.filter { !$0.isChange })
        let (others, slow) = (same.filter { !$0.isSlow }, same.filter(\.isSlow))
        let canaries = changes.filter(\.pop.isCanary)
        let rest = changes.filter { !$0.pop.isCanary }.sorted {
            ($0.enabled.count, $0.pop.id) < ($1.enabled.count, $1.pop.id)
        }
        let share = (rest.count * self.policy.share + 99) / 100
        return [
            (.canary, others + canaries), (.share, Array(rest.prefix(share))),
            (.all, rest.dropFirst(share) + slow),
        ]
    }
}
