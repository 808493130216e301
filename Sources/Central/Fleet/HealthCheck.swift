internal import Wire

/// Compares what a daemon reported before a push and while it was watched after.
///
/// Pure: both reports and the time between them are parameters.
struct HealthCheck: Hashable, Sendable {
    let policy: WavePolicy

    /// The tunnels that stay enabled, as `T12`: only they are expected to stay up.
    let enabled: Set<String>

    /// How many errors a second the daemon counted before the push; 0 when nobody knows.
    let usualErrors: Double

    /// What is wrong after a push, or nil; `seconds` is the time between the reports.
    func failure(before: ReceivedReport, after: ReceivedReport, seconds: Double) -> String? {
        guard before.instance == after.instance else { return "the daemon restarted" }
        return self.tunnelsDown(before, after) ?? self.errors(before, after, seconds)
    }

    private func tunnelsDown(_ before: ReceivedReport, _ after: ReceivedReport) -> String? {
        let wereUp = before.tunnels.filter { $0.state == .up && self.enabled.contains("\($0.number)") }
        let areUp = Set(after.tunnels.filter { $0.state == .up }.map(\.number))
        let lost = wereUp.count { !areUp.contains($0.number) }
        guard lost * 100 > wereUp.count * self.policy.tunnelDrop else { return nil }
        return "\(lost) of \(wereUp.count) tunnels went down"
    }

    private func errors(_ before: ReceivedReport, _ after: ReceivedReport, _ seconds: Double) -> String? {
        let growth = after.errorCount.growth(since: before.errorCount)
        let usual = self.usualErrors * max(0, seconds)
        guard Double(growth.value) > Double(self.policy.errorJump) + 2 * usual else { return nil }
        return "its tunnels counted \(growth) errors, where \(Int64(saturating: usual)) are usual"
    }
}
