import Synchronization

/// Counts what became of changes of the configuration.
final class ChangeOutcomes: Sendable {
    enum Outcome: String, CaseIterable, Sendable {
        case applied
        /// The same ran already.
        case unchanged
        case refused
        /// What was not confirmed in time, or was taken back.
        case rolledBack = "rolled_back"
    }

    private let state = Mutex<[Outcome: UInt64]>([:])

    func count(_ outcome: Outcome) { self.state.withLock { $0[outcome, default: 0] &+= 1 } }

    /// How many changes ended so.
    subscript(outcome: Outcome) -> UInt64 { self.state.withLock { $0[outcome] ?? 0 } }
}
