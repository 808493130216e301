import Core
import LinuxIO
import Logging
import ServiceLifecycle
import Synchronization
import Wire

/// Writes down the sessions now and then, and when all workers have stopped.
final class StateKeeper: Service {
    private let file: StateFile
    private let interval: Duration
    private let disk: BackgroundThread
    private let controller: ConfigurationController
    private let sessions: SharedSessions
    private let logger: Logger
    private let progress = Mutex(Progress())

    private struct Progress {
        /// Whether the disk has not answered yet.
        var isSaving = false
        /// Whether what was written at the end must stay.
        var isOver = false
        /// What went wrong last, which is not to be said again.
        var complaint = ""
    }

    init(
        _ file: StateFile,
        every interval: Duration,
        disk: BackgroundThread,
        controller: ConfigurationController,
        sessions: SharedSessions,
        logger: Logger
    ) {
        self.file = file
        self.interval = interval
        self.disk = disk
        self.controller = controller
        self.sessions = sessions
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: self.interval)
                self.saveSoon()
            }
        }
    }

    /// Has the sessions written down, unless that goes on already.
    ///
    /// To be called once the workers serve, too: what an earlier daemon wrote at its end is that no more.
    func saveSoon() {
        // On its own: a disk that hangs must not keep the daemon from its end.
        if self.begin() { Task { await self.save(isFinal: false) } }
    }

    /// Whether it is time to write: not while that goes on, nor behind the last time.
    private func begin() -> Bool {
        self.progress.withLock { progress in
            guard !progress.isSaving, !progress.isOver else { return false }
            progress.isSaving = true
            return true
        }
    }

    /// Writes the sessions down.
    ///
    /// - Parameter isFinal: Whether all workers have stopped.
    func save(isFinal: Bool) async {
        if isFinal { self.progress.withLock { $0.isOver = true } }
        let sessions = self.sessions
        let (configuration, (copy, now)) = await self.controller.withEngines {
            (sessions.copy(), Timestamp.now())
        }
        let file = self.file
        // The rest is work for the thread that may wait for the disk.
        let outcome = await self.disk.perform { () -> String in
            if !isFinal, self.progress.withLock(\.isOver) { return "" }
            let salt = [UInt8].random(count: SavedState.saltLength)
            let state = SavedState(copy, of: configuration, isFinal: isFinal, salt: salt, at: now)
            guard let state else { return "" }
            do throws(SystemCallError) { try file.save(state) } catch { return "\(error)" }
            return ""
        }
        self.report(outcome)
    }

    private func report(_ outcome: String) {
        let isNews = self.progress.withLock { progress in
            defer { progress.complaint = outcome }
            progress.isSaving = false
            return progress.complaint != outcome
        }
        guard isNews, !outcome.isEmpty else { return }
        self.logger.warning("sessions would not survive a restart: \(outcome)")
    }
}
