import Synchronization

/// A thread's wait for changes of the kernel's tables, which another thread can end.
///
/// Sleeps as long as nothing changes: who looks now and then instead wakes a quiet host up for nothing.
public final class RouteWatch: Sendable {
    private struct Parts: ~Copyable {
        var monitor: RouteMonitor
        /// For changes, questions and the end.
        let poller: Poller
        /// For the end alone.
        let ending: Poller
    }

    private enum Source: UInt64 {
        case changes
        case questions
        case end
    }

    private let parts: Mutex<Parts>
    private let questions: WakeUp?
    private let end: WakeUp
    private let hasEnded = Atomic(false)

    /// Whether ``stop()`` was called.
    public var isStopped: Bool { self.hasEnded.load(ordering: .acquiring) }

    /// Begins to watch, in the network namespace of the calling thread.
    ///
    /// - Parameters:
    ///   - subject: What of the kernel's is watched.
    ///   - questions: What else ends a wait when it is signalled; drained by it.
    /// - Throws: ``SystemCallError`` with what could not be opened.
    public init(_ subject: RouteMonitor.Subject, or questions: WakeUp? = nil) throws(SystemCallError) {
        let monitor = try RouteMonitor(subject)
        let poller = try Poller()
        let ending = try Poller()
        let end = try WakeUp()
        try poller.add(monitor.fileDescriptor, token: Source.changes.rawValue)
        if let questions { try poller.add(questions.fileDescriptor, token: Source.questions.rawValue) }
        try poller.add(end.fileDescriptor, token: Source.end.rawValue)
        try ending.add(end.fileDescriptor, token: Source.end.rawValue)
        self.parts = Mutex(Parts(monitor: monitor, poller: poller, ending: ending))
        self.questions = questions
        self.end = end
    }

    /// Waits until something changed, somebody asks, a time is over, or ``stop()``.
    ///
    /// - Parameter milliseconds: The time.
    /// - Returns: What changed.
    public func wait(atMost milliseconds: CInt) -> [RouteChange] {
        self.parts.withLock { parts in
            _ = try? parts.poller.wait(timeoutInMilliseconds: milliseconds)
            self.questions?.drain()
            // Who can't be told must look.
            return (try? parts.monitor.read()) ?? [.anything]
        }
    }

    /// Lets a time go by, since changes seldom come alone, and takes unread whatever else changes in it; ``stop()`` ends it.
    ///
    /// - Parameter milliseconds: The time.
    public func settle(for milliseconds: CInt) {
        self.parts.withLock { parts in
            _ = try? parts.ending.wait(timeoutInMilliseconds: milliseconds)
            _ = try? parts.monitor.drain()
        }
    }

    /// Ends all waiting, for good.
    public func stop() {
        self.hasEnded.store(true, ordering: .releasing)
        self.end.signal()
    }
}
