internal import Synchronization

/// How many tunnels each PoP has, as of a revision of the registry.
final class PoPCounts: Sendable {
    private let known = Mutex<(revision: Int64, counts: [String: Int])?>(nil)

    /// The counts by name; nil when those that are known are of another revision.
    func known(at revision: Int64) -> [String: Int]? {
        self.known.withLock { $0?.revision == revision ? $0?.counts : nil }
    }

    /// Takes what was counted.
    func learn(_ counts: [String: Int], at revision: Int64) {
        self.known.withLock { $0 = (revision, counts) }
    }
}
