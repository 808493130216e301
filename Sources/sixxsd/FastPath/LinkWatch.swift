import LinuxIO
import Synchronization

/// Tells when something about the host's links or routes changed, or somebody asks for a route.
final class LinkWatch: Sendable {
    private struct Parts: ~Copyable {
        var monitor: RouteMonitor
        let poller: Poller
    }

    private enum Source: UInt64 {
        case changes
        case questions
        case end
    }

    private let parts: Mutex<Parts>
    private let questions: WakeUp
    private let end: WakeUp

    /// Begins to watch.
    ///
    /// - Parameter questions: Signalled when somebody asks for a route.
    /// - Throws: ``SystemCallError`` with what could not be opened.
    init(_ questions: WakeUp) throws(SystemCallError) {
        let monitor = try RouteMonitor(.ways)
        let poller = try Poller()
        let end = try WakeUp()
        try poller.add(monitor.fileDescriptor, token: Source.changes.rawValue)
        try poller.add(questions.fileDescriptor, token: Source.questions.rawValue)
        try poller.add(end.fileDescriptor, token: Source.end.rawValue)
        self.parts = Mutex(Parts(monitor: monitor, poller: poller))
        self.questions = questions
        self.end = end
    }

    /// Waits until something changed, somebody asks, a time is over, or ``stop()``.
    ///
    /// - Parameter milliseconds: The time.
    /// - Returns: What changed.
    func wait(atMost milliseconds: CInt) -> [RouteChange] {
        self.parts.withLock { parts in
            _ = try? parts.poller.wait(timeoutInMilliseconds: milliseconds)
            self.questions.drain()
            return (try? parts.monitor.read()) ?? []
        }
    }

    /// Ends all waiting.
    func stop() { self.end.signal() }
}
