/// Asks the daemons what a push would change.
package struct PlanPush: Sendable {
    package let pops: [PoPName]

    package init(pops: [PoPName]) { self.pops = pops }

    /// - Throws: ``RegistryError``.
    package func run(
        in centre: Centre,
        progress: (@Sendable (_ done: Int, _ count: Int) -> Void)? = nil
    ) async throws -> FleetPlan {
        let plan = try await PushPlan(of: centre.store, only: self.pops)
        return try await FleetPlan(plan, from: centre.store, through: centre.connector, progress: progress)
    }
}
