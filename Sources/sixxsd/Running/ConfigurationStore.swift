import Core
import Foundation
import LinuxIO
import Logging
import Synchronization
import Wire

/// Holds the running configuration and is the only one to change it.
actor ConfigurationStore {
    /// The running configuration and where it comes from.
    struct State: Sendable {
        var configuration: Configuration
        /// The centre's number; 0 when it came from a file only.
        var generation: Int
        var digest: String
        var appliedAt: Date
    }

    /// Why a change was not made.
    enum Failure: Error {
        /// The new configuration breaks a rule.
        case conflict(Configuration.Conflict)
        /// It could not be saved.
        case notSaved(SystemCallError)
        /// The generation is not one that waits to be confirmed.
        case nothingToConfirm(generation: Int)
    }

    /// A running configuration that comes to an end unless it is confirmed.
    private struct Trial {
        let confirmed: State
        let timer: Task<Void, any Error>
    }

    private(set) var state: State
    private let file: ConfigurationFile
    private let mailbox: EngineMailbox
    private let logger: Logger
    private var routes: UplinkRoutes
    private var trial: Trial?
    /// Whether a change is under way, and those that wait for its end.
    private var isChanging = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Who may speak to the control port, for those who can't wait.
    nonisolated let accessList: Mutex<[AddressBlock]>

    init(
        _ configuration: Configuration,
        generation: Int,
        file: ConfigurationFile,
        mailbox: EngineMailbox,
        routes: consuming UplinkRoutes,
        logger: Logger
    ) {
        self.state = State(
            configuration: configuration,
            generation: generation,
            digest: configuration.digest,
            appliedAt: Date()
        )
        self.file = file
        self.mailbox = mailbox
        self.routes = routes
        self.logger = logger
        self.accessList = Mutex(configuration.pop.controlACL)
    }

    /// Replaces the whole configuration, saved first so that what runs is never newer than the file.
    ///
    /// - Parameters:
    ///   - configuration: The new one, checked.
    ///   - generation: The centre's number for it.
    ///   - limit: Within how long it must be confirmed, or else the old one comes back; it is saved only then. Nil
    ///     when it is meant to stay.
    /// - Returns: What changed; nil when the same configuration was running already.
    /// - Throws: ``Failure/notSaved(_:)``; nothing has changed then.
    func replace(
        with configuration: Configuration,
        generation: Int,
        confirmWithin limit: Duration?
    ) async throws -> ConfigurationDifference? {
        try await self.afterOthers {
            let old = self.state
            let isSame = old.configuration == configuration || old.digest == configuration.digest
            if isSame, old.generation == generation, self.trial == nil || limit != nil { return nil }
            if limit == nil { try self.save(configuration, generation: generation) }
            let confirmed = self.endTrial() ?? old
            if !isSame { await self.activate(configuration, generation: generation) }
            self.state.generation = generation
            if let limit { self.beginTrial(backTo: confirmed, after: limit) }
            return isSame ? nil : configuration.difference(from: old.configuration)
        }
    }

    /// Keeps a configuration that was to be confirmed, and saves it.
    ///
    /// - Throws: ``Failure/nothingToConfirm(generation:)`` or ``Failure/notSaved(_:)``.
    func confirm(generation: Int) async throws {
        try await self.afterOthers {
            guard self.trial != nil, self.state.generation == generation else {
                throw Failure.nothingToConfirm(generation: generation)
            }
            try self.save(self.state.configuration, generation: generation)
            _ = self.endTrial()
        }
    }

    /// Takes back a configuration that was not confirmed.
    ///
    /// - Returns: The generation that runs again; nil when there was nothing to take back.
    func rollBack() async -> Int? {
        await self.afterOthers {
            guard let confirmed = self.endTrial() else { return nil }
            await self.activate(confirmed.configuration, generation: confirmed.generation)
            self.logger.warning("generation \(confirmed.generation) runs again")
            return confirmed.generation
        }
    }

    private func beginTrial(backTo confirmed: State, after limit: Duration) {
        let timer = Task {
            try await Task.sleep(for: limit)
            _ = await self.rollBack()
        }
        self.trial = Trial(confirmed: confirmed, timer: timer)
    }

    /// Ends the trial of the running configuration, if there is one.
    ///
    /// - Returns: The configuration that was confirmed last.
    private func endTrial() -> State? {
        guard let trial = self.trial else { return nil }
        trial.timer.cancel()
        self.trial = nil
        return trial.confirmed
    }

    /// Carries out one command; the change lasts until the daemon's end unless it is saved.
    ///
    /// - Throws: ``Failure/conflict(_:)``; nothing has changed then.
    func perform(_ command: ConfigurationCommand) async throws {
        try await self.afterOthers {
            var configuration = self.state.configuration
            configuration.apply(command)
            do throws(Configuration.Conflict) { try configuration.check() } catch {
                throw Failure.conflict(error)
            }
            guard configuration != self.state.configuration else { return }
            await self.activate(configuration, generation: self.state.generation)
        }
    }

    /// Saves the running configuration into its file; while it is on trial, the one that was confirmed last.
    ///
    /// - Throws: ``Failure/notSaved(_:)``.
    func save() async throws {
        try await self.afterOthers {
            let lasting = self.trial?.confirmed ?? self.state
            try self.save(lasting.configuration, generation: lasting.generation)
        }
    }

    /// Reads the file again and makes it the running configuration.
    ///
    /// - Throws: ``Wire/ConfigurationError`` or an error of reading; nothing has changed then.
    func reload() async throws -> ConfigurationDifference {
        try await self.afterOthers {
            let (configuration, generation) = try self.file.load()
            _ = self.endTrial()
            let old = self.state.configuration
            await self.activate(configuration, generation: generation)
            return configuration.difference(from: old)
        }
    }

    /// Adds the routes of the configuration that the daemon started with.
    ///
    /// - Throws: ``SystemCallError`` with what the kernel refused.
    func addRoutes() throws {
        try self.routes.follow(self.state.configuration)
    }

    private func save(_ configuration: Configuration, generation: Int) throws(Failure) {
        do { try self.file.save(configuration, generation: generation) } catch { throw .notSaved(error) }
    }

    private func activate(_ configuration: Configuration, generation: Int) async {
        let prepared = EngineConfiguration(configuration)
        // What was in force comes back, so that it is freed here and not on the data path.
        _ = await self.mailbox.perform { engine, now in engine.apply(prepared, at: now) }
        self.state = State(
            configuration: configuration,
            generation: generation,
            digest: configuration.digest,
            appliedAt: Date()
        )
        self.accessList.withLock { $0 = configuration.pop.controlACL }
        do { try self.routes.follow(configuration) } catch {
            self.logger.error("the kernel's routes do not follow the configuration: \(error)")
        }
    }

    /// Runs a change after all that came before it: an actor alone would let them in while one waits.
    private func afterOthers<Value>(_ change: () async throws -> Value) async rethrows -> Value {
        if self.isChanging {
            await withCheckedContinuation { self.waiting.append($0) }
        }
        self.isChanging = true
        defer { self.letNextChange() }
        return try await change()
    }

    private func letNextChange() {
        guard !self.waiting.isEmpty else {
            self.isChanging = false
            return
        }
        // The next one takes over at once: nobody else may come between.
        self.waiting.removeFirst().resume()
    }
}
