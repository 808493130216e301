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

        fileprivate init(_ stored: ConfigurationFile.Stored) {
            self.configuration = stored.configuration
            self.generation = stored.generation
            self.digest = Configuration.sha256(of: stored.text.utf8)
            self.appliedAt = Date()
        }

        fileprivate var stored: ConfigurationFile.Stored {
            ConfigurationFile.Stored(configuration: self.configuration, generation: self.generation)
        }
    }

    /// Why a change was not made.
    enum Failure: Error {
        /// The new configuration breaks a rule.
        case conflict(Configuration.Conflict)
        /// It could not be saved.
        case notSaved(SystemCallError)
        /// The generation is not one that waits to be confirmed.
        case nothingToConfirm(generation: Int)
        /// It takes more tunnels away than is plausible, and nobody said that it is meant.
        case tooManyLosses(Int, of: Int)
        /// It is what runs already.
        case unchanged
    }

    /// What became of a change that was made.
    struct Outcome: Sendable {
        /// What changed; nil when the same configuration was running already.
        var difference: ConfigurationDifference?
        /// Why a power cut might undo it; nil when it is on the disk for certain, or is on trial.
        var doubt: SystemCallError?
    }

    /// A running configuration that comes to an end unless it is confirmed.
    private struct Trial {
        let confirmed: State
        let timer: Task<Void, any Error>
    }

    private(set) var state: State
    private let file: ConfigurationFile
    private let mailboxes: EngineMailboxes
    private let routes: any RouteKeeper
    private let levels: LogLevels
    private let logger: Logger
    private var trial: Trial?
    /// What the engine has, made from ``state``; nil when only the engine knows, and the first change must look at all tunnels.
    private var prepared: EngineConfiguration?
    /// Whether a change is under way, and those that wait for its end.
    private var isChanging = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Who may speak to the control port, for those who can't wait.
    nonisolated let accessList: Mutex<[AddressBlock]>

    /// How long changes take.
    nonisolated let times = ApplyTimes()

    init(
        _ start: StartingPoint,
        file: ConfigurationFile,
        mailboxes: EngineMailboxes,
        routes: any RouteKeeper,
        levels: LogLevels,
        prepared: EngineConfiguration? = nil,
        logger: Logger
    ) {
        self.state = State(start.running)
        self.prepared = prepared
        self.file = file
        self.mailboxes = mailboxes
        self.routes = routes
        self.levels = levels
        self.logger = logger
        self.accessList = Mutex(start.running.configuration.pop.controlACL)
        levels.follow(start.running.configuration.pop)
    }

    /// Adds the routes of the configuration that the daemon started with, and goes on with its trial.
    ///
    /// - Throws: ``LinuxIO/SystemCallError`` with what the kernel refused.
    func begin(_ start: StartingPoint) throws {
        try self.routes.follow(self.state.configuration)
        guard let trial = start.trial else { return }
        self.beginTrial(backTo: State(trial.confirmed), after: trial.remaining)
    }

    /// Has the kernel route the prefixes here again, should it have forgotten to.
    ///
    /// - Returns: How many routes it had forgotten.
    /// - Throws: ``LinuxIO/SystemCallError`` with what the kernel refused.
    func restoreRoutes() throws -> Int { try self.routes.restore() }

    // MARK: - Changes

    /// Replaces the whole configuration, saved first so that what runs is never newer than what is on the disk.
    ///
    /// - Parameters:
    ///   - configuration: The new one, checked.
    ///   - generation: The centre's number for it.
    ///   - limit: Within how many seconds it must be confirmed, or else the old one comes back; the file is
    ///     written only then. Nil when it is meant to stay.
    ///   - isForced: Whether it may take many tunnels away.
    ///   - spent: What was spent on it so far, in nanoseconds; for the statistics.
    /// - Returns: What changed, and what it cost.
    /// - Throws: ``Failure``; nothing has changed then.
    func replace(
        with configuration: Configuration,
        generation: Int,
        confirmWithin limit: Int?,
        isForced: Bool,
        spent: UInt64 = 0
    ) async throws -> Outcome {
        try await self.afterOthers {
            let began = MonotonicClock.now()
            let old = self.state
            let stored = ConfigurationFile.Stored(configuration: configuration, generation: generation)
            let new = State(stored)
            let isSame = old.digest == new.digest
            if isSame, old.generation == generation, self.trial == nil || limit != nil { return Outcome() }
            let changes = configuration.tunnelChanges(from: old.configuration)
            if !isForced { try Self.refuseMassChange(changes, of: old.configuration.tunnels.count) }
            let spent = spent + (MonotonicClock.now() - began)
            let doubt = try self.write(stored, onTrialFor: limit)
            let wasOnTrial = self.trial != nil
            let confirmed = self.endTrial() ?? old
            if wasOnTrial, limit == nil { self.forgetTrial() }
            if !isSame { await self.activate(new, changes, spent: spent) }
            self.state.generation = generation
            if let limit { self.beginTrial(backTo: confirmed, after: .seconds(limit)) }
            let difference = isSame ? nil : configuration.difference(from: old.configuration, changes)
            return Outcome(difference: difference, doubt: doubt)
        }
    }

    /// A push that takes away more than one tunnel in twenty, and more than ten, is more likely a mistake.
    private static func refuseMassChange(
        _ changes: [ConfigurationChange<TunnelSettings>],
        of count: Int
    ) throws(Failure) {
        let losses = changes.losses
        guard losses > 10, losses * 20 > count else { return }
        throw .tooManyLosses(losses, of: count)
    }

    /// Carries out one command; the change lasts until the daemon's end unless it is saved.
    ///
    /// - Throws: ``Failure/conflict(_:)``, ``Failure/unchanged`` or what the change throws; nothing has changed
    ///   then.
    func perform(_ change: @Sendable (inout Configuration) throws -> Void) async throws {
        try await self.afterOthers {
            var configuration = self.state.configuration
            try change(&configuration)
            do throws(Configuration.Conflict) { try configuration.check() } catch {
                throw Failure.conflict(error)
            }
            guard configuration != self.state.configuration else { throw Failure.unchanged }
            let generation = self.state.generation
            let stored = ConfigurationFile.Stored(configuration: configuration, generation: generation)
            await self.activate(State(stored), spent: 0)
        }
    }

    /// Saves the running configuration into its file; while it is on trial, the one that was confirmed last.
    ///
    /// - Returns: Why a power cut might undo it, or nil.
    /// - Throws: ``Failure/notSaved(_:)``.
    func save() async throws -> SystemCallError? {
        try await self.afterOthers {
            try self.write((self.trial?.confirmed ?? self.state).stored, onTrialFor: nil)
        }
    }

    /// Reads the file again and makes it the running configuration; what was on trial is over.
    ///
    /// - Throws: ``Wire/ConfigurationError`` or an error of reading; nothing has changed then.
    func reload() async throws -> ConfigurationDifference {
        try await self.afterOthers {
            let stored = try self.file.load()
            if self.endTrial() != nil { self.forgetTrial() }
            let old = self.state.configuration
            await self.activate(State(stored), spent: 0)
            return stored.configuration.difference(from: old)
        }
    }

    /// Writes a configuration where a restarted daemon finds it.
    ///
    /// - Returns: Why a power cut might undo it, or nil.
    private func write(
        _ stored: ConfigurationFile.Stored,
        onTrialFor limit: Int?
    ) throws(Failure) -> SystemCallError? {
        do throws(SystemCallError) {
            if let limit {
                let deadline = Int64(clamping: WallClock.secondsSince1970()) + Int64(limit)
                try self.file.saveTrial(.init(stored: stored, deadline: deadline, limit: Int64(limit)))
                return nil
            }
            guard case .untilPowerCut(let doubt) = try self.file.save(stored) else { return nil }
            self.logger.warning("the configuration may not survive a power cut: \(doubt)")
            return doubt
        } catch {
            throw .notSaved(error)
        }
    }

    private func activate(
        _ new: State,
        _ known: [ConfigurationChange<TunnelSettings>]? = nil,
        spent: UInt64
    ) async {
        let started = MonotonicClock.now()
        let changes = known ?? new.configuration.tunnelChanges(from: self.state.configuration)
        let prepared =
            self.prepared.map { EngineConfiguration(new.configuration, replacing: $0, changes) }
            ?? EngineConfiguration(new.configuration)
        // What was in force comes back, so that it is freed here and not on the data path.
        let applied = await self.mailboxes.perform { engine, now in
            let begun = MonotonicClock.now()
            let old = engine.apply(prepared, at: now)
            let ended = MonotonicClock.now()
            return (old: old, standstill: ended - begun, inForce: ended)
        }
        let standstill = applied.map(\.standstill).max() ?? 0
        let inForce = applied.map(\.inForce).max() ?? started
        self.prepared = prepared
        self.times.record(.init(total: spent + (inForce - started), standstill: standstill))
        self.state = new
        self.state.appliedAt = Date()
        self.accessList.withLock { $0 = new.configuration.pop.controlACL }
        self.levels.follow(new.configuration.pop)
        do { try self.routes.follow(new.configuration) } catch {
            self.logger.error("the kernel's routes do not follow the configuration: \(error)")
        }
    }

    // MARK: - Trials

    /// Keeps a configuration that was to be confirmed, and saves it.
    ///
    /// - Returns: Why a power cut might undo it, or nil.
    /// - Throws: ``Failure/nothingToConfirm(generation:)`` or ``Failure/notSaved(_:)``.
    func confirm(generation: Int) async throws -> SystemCallError? {
        try await self.afterOthers {
            guard self.trial != nil, self.state.generation == generation else {
                throw Failure.nothingToConfirm(generation: generation)
            }
            let doubt = try self.write(self.state.stored, onTrialFor: nil)
            _ = self.endTrial()
            self.forgetTrial()
            return doubt
        }
    }

    /// Takes back a configuration that was not confirmed.
    ///
    /// - Returns: The generation that runs again; nil when there was nothing to take back.
    func rollBack() async -> Int? {
        await self.afterOthers {
            guard let confirmed = self.endTrial() else { return nil }
            self.forgetTrial()
            await self.activate(confirmed, spent: 0)
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

    /// Makes sure that a restarted daemon doesn't come back with what was on trial.
    private func forgetTrial() {
        do { try self.file.removeTrial() } catch {
            self.logger.error("what was on trial would come back after a restart: \(error)")
        }
    }

    // MARK: - One after the other

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
