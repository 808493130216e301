/// Reads how the fleet is: as the last pushes left it, or as its daemons say now.
package struct ReadStatus: Sendable {
    /// Empty for all.
    package let pops: [PoPName]
    package let asksDaemons: Bool

    package init(pops: [PoPName], asksDaemons: Bool) {
        self.pops = pops
        self.asksDaemons = asksDaemons
    }

    /// - Throws: ``RegistryError``.
    package func run(
        in centre: Centre,
        progress: (@Sendable (_ done: Int, _ count: Int) -> Void)? = nil
    ) async throws -> FleetStatus {
        var status = try await FleetStatus(from: centre.store, only: self.pops)
        guard self.asksDaemons else { return status }
        try await status.askDaemons(of: centre.store, through: centre.connector, progress: progress)
        return status
    }
}
