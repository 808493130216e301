internal import Wire

/// Looks whether a push takes too much away to be meant.
///
/// More than 5 % of the tunnels that a daemon lets carry packets, or what leaves a PoP without any; one tunnel where
/// others are is never too much.
struct MassChangeGuard: Hashable, Sendable {
    /// The tunnels that are enabled after the push, as `T12`.
    let enabled: Set<String>

    /// How many of how many would be removed or disabled, when that is too many.
    func excess(over running: ReceivedReport) -> (losses: Int, of: Int)? {
        // What the registry gives to nobody any more, or to another PoP, carries packets there until the push.
        let before = running.tunnels.filter { $0.state != .disabled }.map(\.number) + running.strays
        return self.excess(over: before.map(\.description))
    }

    /// The same for tunnels that carry packets before, as `T12`.
    func excess(over before: [String]) -> (losses: Int, of: Int)? {
        let losses = before.count { !self.enabled.contains($0) }
        let isEmptied = losses > 0 && self.enabled.isEmpty
        guard isEmptied || losses >= 2 && losses * 20 > before.count else { return nil }
        return (losses, before.count)
    }

    /// Why a push does not take place, in a line that says what to do.
    func rejection(over running: ReceivedReport, at pop: PoPName) -> String? {
        self.excess(over: running).map { Self.words(losses: $0.losses, of: $0.of, at: pop) }
    }

    static func words(losses: Int, of count: Int, at pop: PoPName) -> String {
        "it would remove or disable \(losses) of \(count) tunnels: look with sixxs-central plan \(pop), "
            + "and if that is intended, run sixxs-central push --force \(pop)"
    }
}
