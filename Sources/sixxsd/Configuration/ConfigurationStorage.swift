import LinuxIO
import Logging
import Wire

/// The files that the configuration is kept in, and what the daemon knows of them.
///
/// Each step waits for the disk, which may hang, on a thread of its own; whoever owns this takes care that one step follows
/// another, and is where each step goes on once the disk has answered.
///
/// That place is a parameter, not `nonisolated(nonsending)`: the optimizer of Swift 6.3 takes the way back out of a function of that
/// kind that ends with `return await`, and its callers do not go back by themselves, so that an actor's code runs outside of it.
final class ConfigurationStorage {
    /// What the file was read or written with.
    private struct Known {
        var digest: String
        var generation: Int
        var mark: ConfigurationFile.Mark?

        init(_ stored: ConfigurationFile.Stored, _ mark: ConfigurationFile.Mark?) {
            self.digest = Configuration.sha256(of: stored.text.utf8)
            self.generation = stored.generation
            self.mark = mark
        }
    }

    private let file: ConfigurationFile
    private let disk: BackgroundThread
    private let logger: Logger
    private var inFile: Known

    /// - Parameters:
    ///   - file: Where it is kept.
    ///   - content: What the file held when it was read.
    ///   - disk: Where the disk is waited for.
    ///   - logger: Is told of what may not last.
    init(
        _ file: ConfigurationFile,
        holding content: ConfigurationFile.Stored,
        disk: BackgroundThread,
        logger: Logger
    ) {
        self.file = file
        self.inFile = Known(content, content.source)
        self.disk = disk
        self.logger = logger
    }

    /// Reads and checks the file; ``note(_:)`` says that it was taken.
    ///
    /// - Throws: ``Wire/ConfigurationError`` or an error of reading.
    func load(
        on owner: isolated (any Actor)? = #isolation
    ) async throws -> ConfigurationFile.Stored {
        let file = self.file
        return try await self.disk.performUnlessCancelled { try file.load() }
    }

    /// Remembers what was read as what the file holds.
    func note(_ stored: ConfigurationFile.Stored) { self.inFile = Known(stored, stored.source) }

    /// Replaces the file.
    ///
    /// - Returns: Why a power cut might undo it, or nil.
    /// - Throws: ``ConfigurationFailure/notSaved(_:)`` or ``ConfigurationFailure/ending``.
    func save(
        _ stored: ConfigurationFile.Stored,
        on owner: isolated (any Actor)? = #isolation
    ) async throws(ConfigurationFailure) -> SystemCallError? {
        let file = self.file
        let (durability, mark) = try await self.onDisk { try file.save(stored) }
        self.inFile = Known(stored, mark)
        guard case .untilPowerCut(let doubt) = durability else { return nil }
        self.logger.warning("the configuration may not survive a power cut: \(doubt)")
        return doubt
    }

    /// Writes beside the file what comes to an end unless it is confirmed.
    ///
    /// - Parameters:
    ///   - stored: What is on trial.
    ///   - limit: Within how many seconds it must be confirmed.
    ///   - owner: Where to go on once the disk has answered.
    /// - Throws: ``ConfigurationFailure/notSaved(_:)`` or ``ConfigurationFailure/ending``.
    func saveTrial(
        _ stored: ConfigurationFile.Stored,
        for limit: Int,
        on owner: isolated (any Actor)? = #isolation
    ) async throws(ConfigurationFailure) {
        let file = self.file
        try await self.onDisk {
            let deadline = Int64(clamping: WallClock.secondsSince1970()) + Int64(limit)
            try file.saveTrial(.init(stored: stored, deadline: deadline, limit: Int64(limit)))
        }
    }

    /// Makes sure that a restarted daemon doesn't come back with what was on trial.
    func forgetTrial(on owner: isolated (any Actor)? = #isolation) async {
        let file = self.file
        do { try await self.disk.performUnlessCancelled { try file.removeTrial() } } catch {
            self.logger.error("a restart would bring back the configuration that was on trial: \(error)")
        }
    }

    /// Saves at the daemon's end what the file does not say already.
    ///
    /// Whatever somebody made of the file meanwhile stays, and so does a file that says the same, comments and all.
    ///
    /// - Returns: Where it was saved instead of the file; nil for the file itself.
    /// - Throws: ``ConfigurationFailure/notSaved(_:)`` or ``ConfigurationFailure/ending``.
    func saveAtEnd(
        _ last: RunningConfiguration,
        on owner: isolated (any Actor)? = #isolation
    ) async throws(ConfigurationFailure) -> String? {
        if last.digest == self.inFile.digest, last.generation == self.inFile.generation { return nil }
        let (file, mark, stored) = (self.file, self.inFile.mark, last.stored)
        guard try await self.onDisk({ file.isOther(than: mark) }) else {
            _ = try await self.save(stored)
            return nil
        }
        return try await self.onDisk { try file.saveBeside(stored) }
    }

    private func onDisk<Value: Sendable>(
        on owner: isolated (any Actor)? = #isolation,
        _ body: @escaping @Sendable () throws -> Value
    ) async throws(ConfigurationFailure) -> Value {
        do {
            return try await self.disk.performUnlessCancelled(body)
        } catch let error as SystemCallError {
            throw .notSaved(error)
        } catch {
            throw .ending
        }
    }
}
