import Dispatch
import Logging
import Synchronization
import Wire

/// Where messages wait until standard error takes them: it may be a file on a disk that hangs, or a pipe that nobody reads.
final class LogQueue: Sendable {
    /// How many messages may wait; more are counted and lost.
    private static let most = 1024

    private let thread = Mutex<BackgroundThread?>(nil)
    private let lost = Mutex(0)

    /// Has messages wait from now on; until then there is nobody whom they could hold up.
    ///
    /// Capabilities belong to threads: those that are not needed must have been given away.
    func start() { self.thread.withLock { $0 = BackgroundThread("log") } }

    /// Hands a message on, when its turn comes.
    func write(_ event: LogEvent, to handler: any LogHandler) {
        guard let thread = self.thread.withLock(\.self) else { return handler.log(event: event) }
        let isTaken = thread.submit(unlessWaiting: Self.most) {
            let lost = self.takeLost()
            if lost > 0 { handler.log(event: Self.loss(of: lost, before: event)) }
            handler.log(event: event)
        }
        if !isTaken { self.lost.withLock { $0 += 1 } }
    }

    private func takeLost() -> Int {
        self.lost.withLock { lost in
            defer { lost = 0 }
            return lost
        }
    }

    private static func loss(of count: Int, before event: LogEvent) -> LogEvent {
        var loss = event
        loss.level = .warning
        let messages = count.counted("log message was", "log messages were")
        loss.message = "\(messages) lost: they came faster than standard error took them"
        loss.metadata = nil
        return loss
    }

    /// Waits until everything was taken, but not for long.
    func flush() {
        let isWritten = DispatchSemaphore(value: 0)
        guard let thread = self.thread.withLock(\.self),
            thread.submit(unlessWaiting: .max, { isWritten.signal() })
        else { return }
        _ = isWritten.wait(timeout: .now() + .seconds(2))
    }
}

/// Hands messages on in a thread of their own, so that nobody waits for standard error.
struct QueuedLogHandler: LogHandler {
    private let queue: LogQueue
    private var inner: any LogHandler

    init(_ inner: any LogHandler, _ queue: LogQueue) {
        self.inner = inner
        self.queue = queue
    }

    var logLevel: Logger.Level {
        get { self.inner.logLevel }
        set { self.inner.logLevel = newValue }
    }

    var metadata: Logger.Metadata {
        get { self.inner.metadata }
        set { self.inner.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.inner[metadataKey: key] }
        set { self.inner[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) { self.queue.write(event, to: self.inner) }
}
