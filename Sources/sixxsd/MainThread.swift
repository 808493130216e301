import Dispatch
import Synchronization

/// Lets a program begin without any thread but its first, and go on with tasks.
///
/// Capabilities belong to threads, and new threads inherit those of their maker: they must be given away before
/// there are others.
enum MainThread {
    /// Runs a task to its end while the calling thread waits.
    ///
    /// - Throws: What the task throws.
    static func wait(for task: @escaping @Sendable () async throws -> Void) throws {
        let outcome = Outcome()
        let end = DispatchSemaphore(value: 0)
        Task {
            do { try await task() } catch { outcome.failure.withLock { $0 = error } }
            end.signal()
        }
        end.wait()
        if let failure = outcome.failure.withLock(\.self) { throw failure }
    }

    private final class Outcome: Sendable {
        let failure = Mutex<(any Error)?>(nil)
    }
}
