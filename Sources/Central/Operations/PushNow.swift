internal import Logging

/// Pushes to the PoPs that are named, or to all that are enabled, once and at once.
package struct PushNow: Sendable {
    package let pops: [PoPName]
    package let forced: [PoPName]
    package let lastWave: Wave

    /// After how long a daemon takes back what nobody confirmed; nil as the policy says.
    package let confirm: Duration?

    /// How long a push waits for a round that is under way.
    static let patience = Duration.seconds(60)

    /// Those that may lose many tunnels are named by that.
    package init(pops: [PoPName], forced: [PoPName], lastWave: Wave, confirm: Duration?) {
        self.pops = pops + forced.filter { !pops.contains($0) }
        self.forced = forced
        self.lastWave = lastWave
        self.confirm = confirm
    }

    /// What it would change.
    package var plan: PlanPush { PlanPush(pops: self.pops) }

    /// What a PoP loses that may lose many tunnels.
    package struct Excess: Sendable {
        package let pop: PoPName
        package let losses: Int
        package let of: Int
        package let summary: ChangeSummary
    }

    /// The PoPs that lose so much that they had to be named, as far as their daemons answer.
    ///
    /// - Throws: ``RegistryError``.
    package func excesses(
        in centre: Centre,
        progress: (@Sendable (_ done: Int, _ count: Int) -> Void)?
    ) async throws -> [Excess] {
        guard !self.forced.isEmpty else { return [] }
        let plan = try await PlanPush(pops: self.forced).run(in: centre, progress: progress)
        return plan.items.compactMap { item in
            guard let excess = item.excess, let changes = try? item.changes.get() else { return nil }
            return Excess(
                pop: item.pop.name,
                losses: excess.losses,
                of: excess.of,
                summary: ChangeSummary(changes, tunnelsBefore: excess.of)
            )
        }
    }

    /// - Throws: ``RegistryError``; a PoP that fails costs only itself.
    package func run(
        in centre: Centre,
        progress: (@Sendable (_ done: Int, _ count: Int) -> Void)?,
        waiting: (LeaseHolder) -> Void
    ) async throws -> [Round.Outcome] {
        var round = Round(byHandIn: centre, reason: "push")
        round.forced = Set(self.forced)
        round.lastWave = self.lastWave
        round.confirm = self.confirm
        round.progress = progress
        return try await round.runAlone(only: self.pops, within: Self.patience, waiting: waiting)
    }
}

extension Round {
    /// A round that an operator asked for, who reads the outcomes and no log.
    init(byHandIn centre: Centre, reason: String) {
        self.init(
            store: centre.store,
            connector: centre.connector,
            author: centre.author,
            reason: reason,
            logger: Logger(label: "round") { _ in SwiftLogNoOpLogHandler() }
        )
    }
}
