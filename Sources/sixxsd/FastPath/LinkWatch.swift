import LinuxIO
import Synchronization

/// Tells when something about the host's links changed.
final class LinkWatch: Sendable {
    private struct Parts: ~Copyable {
        var monitor: RouteMonitor
        let poller: Poller
    }

    private enum Source: UInt64 {
        case changes
        case end
    }

    private let parts: Mutex<Parts>
    private let end: WakeUp

    /// Begins to watch.
    ///
    /// - Throws: ``SystemCallError`` with what could not be opened.
    init() throws(SystemCallError) {
        let monitor = try RouteMonitor(.links)
        let poller = try Poller()
        let end = try WakeUp()
        try poller.add(monitor.fileDescriptor, token: Source.changes.rawValue)
        try poller.add(end.fileDescriptor, token: Source.end.rawValue)
        self.parts = Mutex(Parts(monitor: monitor, poller: poller))
        self.end = end
    }

    /// Waits until something changed, a time is over, or ``stop()``.
    ///
    /// - Parameter milliseconds: The time.
    func wait(atMost milliseconds: CInt) {
        self.parts.withLock { parts in
            _ = try? parts.poller.wait(timeoutInMilliseconds: milliseconds)
            _ = try? parts.monitor.drain()
        }
    }

    /// Ends all waiting.
    func stop() { self.end.signal() }
}
