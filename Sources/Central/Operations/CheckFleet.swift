internal import Foundation

/// Judges the fleet in one line for monitoring.
package struct CheckFleet: Sendable {
    /// Empty for all that are enabled.
    package let pops: [PoPName]
    package let limits: FleetVerdict.Limits

    /// After this it gives up.
    package let timeout: Duration

    package init(pops: [PoPName], limits: FleetVerdict.Limits, timeout: Duration) {
        self.pops = pops
        self.limits = limits
        self.timeout = timeout
    }

    /// What could be judged in time; what cannot be read is a verdict too.
    package func run(in centre: @escaping @Sendable () throws -> Centre) async -> FleetVerdict {
        await withTaskGroup(of: FleetVerdict.self) { group in
            group.addTask { await self.judge(centre) }
            group.addTask {
                // Cancelled: the other was first.
                try? await Task.sleep(for: self.timeout)
                return FleetVerdict(
                    unreadable: "the database did not answer within \(self.timeout.inSeconds)"
                )
            }
            defer { group.cancelAll() }
            return await group.next() ?? FleetVerdict(unreadable: "nothing could be judged")
        }
    }

    private func judge(_ centre: () throws -> Centre) async -> FleetVerdict {
        do {
            let status = try await FleetStatus(from: try centre().store, only: self.pops)
            return FleetVerdict(status, now: Date(), limits: self.limits)
        } catch {
            return FleetVerdict(unreadable: "\(error)")
        }
    }
}
