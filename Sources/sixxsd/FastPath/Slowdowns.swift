import LinuxIO
import Synchronization

/// Tells all workers that a tunnel was taken off the fast path, before any of them sends what was left to the daemon because of it.
///
/// What the programs sent on before may still lie in the kernel's backlogs, and must not be overtaken.
final class Slowdowns: Sendable {
    /// Counts up with each, by two; odd while rows are written.
    private let count = Atomic<UInt64>(0)

    /// Writes rows; for one thread at a time.
    ///
    /// - Parameter body: Writes them, and says whether a tunnel was on the fast path that is no more.
    func note(_ body: () -> Bool) {
        let before = self.count.load(ordering: .relaxed)
        self.count.store(before &+ 1, ordering: .sequentiallyConsistent)
        let isSlower = body()
        self.count.store(isSlower ? before &+ 2 : before, ordering: .sequentiallyConsistent)
    }

    /// What one worker knows of it.
    struct View {
        private let slowdowns: Slowdowns
        private var seen: UInt64

        init(_ slowdowns: Slowdowns) {
            self.slowdowns = slowdowns
            self.seen = slowdowns.count.load(ordering: .sequentiallyConsistent)
        }

        /// Looks, after packets were read, whether some may be there because a tunnel became slower since the last look.
        ///
        /// - Parameter patience: How long to wait at most, in nanoseconds, for whoever is writing rows.
        /// - Returns: Whether one became slower, or whoever writes takes too long.
        mutating func hasNews(waitingAtMost patience: UInt64) -> Bool {
            var count = self.slowdowns.count.load(ordering: .sequentiallyConsistent)
            guard count != self.seen else { return false }
            let deadline = MonotonicClock.now() + patience
            while count & 1 != 0, MonotonicClock.now() < deadline {
                count = self.slowdowns.count.load(ordering: .sequentiallyConsistent)
            }
            guard count != self.seen else { return false }
            // What is still being written is looked at again.
            self.seen = count & ~1
            return true
        }
    }
}
