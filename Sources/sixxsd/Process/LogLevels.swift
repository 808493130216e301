import Logging
import Synchronization
import Wire

/// What is logged: what the command line says, or more while the configuration asks for it.
final class LogLevels: Sendable {
    private let base: Logger.Level
    private let present: Mutex<Logger.Level>

    init(_ base: Logger.Level) {
        self.base = base
        self.present = Mutex(base)
    }

    /// The lowest level that is logged.
    var level: Logger.Level { self.present.withLock { $0 } }

    /// Follows `pop set verbosity` and `pop set debug`.
    func follow(_ pop: PoPSettings) {
        let wanted: Logger.Level = pop.isDebugging ? .trace : pop.isVerbose ? .debug : self.base
        self.present.withLock { $0 = min(wanted, self.base) }
    }
}

/// Hands messages on as long as their level is logged at present.
struct LeveledLogHandler: LogHandler {
    private let levels: LogLevels
    private var inner: any LogHandler

    init(_ inner: any LogHandler, _ levels: LogLevels) {
        self.inner = inner
        self.levels = levels
        // Whether a message passes is decided here.
        self.inner.logLevel = .trace
    }

    var logLevel: Logger.Level {
        get { self.levels.level }
        set {}
    }

    var metadata: Logger.Metadata {
        get { self.inner.metadata }
        set { self.inner.metadata = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { self.inner[metadataKey: key] }
        set { self.inner[metadataKey: key] = newValue }
    }

    func log(event: LogEvent) {
        self.inner.log(event: event)
    }
}
