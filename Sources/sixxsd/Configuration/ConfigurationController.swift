import Core
import Foundation
import LinuxIO
import Logging
import Synchronization
import Wire

/// Holds the running configuration, and is the only one to change it: applies, tries, takes back; what it is saved in is
/// ``ConfigurationStorage``'s.
actor ConfigurationController {
    /// What became of a change that was made.
    struct Outcome: Sendable {
        /// What changed; nil when the same configuration was running already.
        var difference: ConfigurationDifference?
        /// Why a power cut might undo it; nil when it is on the disk for certain, or is on trial.
        var doubt: SystemCallError?
    }

    /// A running configuration that comes to an end unless it is confirmed.
    private struct Trial {
        /// Tells it from others, so that a timer that is late can't end a newer one.
        let identity: UInt64
        let confirmed: RunningConfiguration
        /// When it ends, in nanoseconds of the monotonic clock.
        let endsAt: UInt64
        let timer: Task<Void, any Error>
        /// Whether somebody confirmed it, and the disk has not answered yet.
        var isBeingConfirmed = false
    }

    /// What changes take turns at.
    private enum Turn: Int, CaseIterable {
        /// The files, which may hang: nobody waits here who does not need them.
        case files
        /// What runs; taken behind the files where a change needs both.
        case running
    }

    private(set) var state: RunningConfiguration
    private let storage: ConfigurationStorage
    private let mailboxes: EngineMailboxes
    private let routes: any RouteKeeper
    private let levels: LogLevels
    private let logger: Logger
    private var trial: Trial?
    private var trialCount: UInt64 = 0
    /// What the engine has, made from ``state``; nil when only the engine knows, and the first change must look at all tunnels.
    private var prepared: EngineConfiguration?
    /// How often what runs was replaced.
    private var revision: UInt64 = 0
    private let queues = Turn.allCases.map { _ in TurnQueue() }

    /// Who may speak to the control port, for those who can't wait.
    nonisolated let accessList: Mutex<[AddressBlock]>

    /// How long changes take.
    nonisolated let times = ApplyTimes()

    /// What becomes of them.
    nonisolated let outcomes = ChangeOutcomes()

    init(
        _ start: BootConfiguration,
        file: ConfigurationFile,
        disk: BackgroundThread,
        mailboxes: EngineMailboxes,
        routes: any RouteKeeper,
        levels: LogLevels,
        prepared: EngineConfiguration? = nil,
        logger: Logger
    ) {
        self.state = RunningConfiguration(start.running)
        self.prepared = prepared
        self.storage = ConfigurationStorage(
            file,
            holding: start.trial?.confirmed ?? start.running,
            disk: disk,
            logger: logger
        )
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
    func begin(_ start: BootConfiguration) throws {
        try self.routes.follow(self.state.configuration)
        guard let trial = start.trial else { return }
        self.beginTrial(backTo: RunningConfiguration(trial.confirmed), after: trial.remaining)
    }

    /// Looks at the engines while nobody changes their configuration.
    ///
    /// - Parameter body: Looks; must not take long.
    /// - Returns: What they have in force, and what was seen.
    func withEngines<Value: Sendable>(_ body: @Sendable () -> Value) async -> (EngineConfiguration, Value) {
        await self.taking(.running) {
            (self.prepared ?? EngineConfiguration(self.state.configuration), body())
        }
    }

    // MARK: - Changes

    /// Replaces the whole configuration, saved first so that what runs is never newer than what is on the disk.
    ///
    /// - Parameters:
    ///   - configuration: The new one, checked.
    ///   - generation: The centre's number for it.
    ///   - limit: Within how many seconds it must be confirmed, or else the old one comes back; the file is
    ///     written only then. Nil when it is meant to stay.
    ///   - isForced: Whether it may take many tunnels away, or be older than what runs.
    ///   - spent: What was spent on it so far, in nanoseconds; for the statistics.
    /// - Returns: What changed, and what it cost.
    /// - Throws: ``ConfigurationFailure``; nothing has changed then.
    func replace(
        with configuration: Configuration,
        generation: Int,
        confirmWithin limit: Int?,
        isForced: Bool,
        spent: UInt64 = 0
    ) async throws -> Outcome {
        try await self.counting(.files) {
            let began = MonotonicClock.now()
            let (old, revision) = (self.state, self.revision)
            let stored = ConfigurationFile.Stored(configuration: configuration, generation: generation)
            let new = RunningConfiguration(stored)
            let isSame = old.digest == new.digest
            if isSame, old.generation == generation, self.trial == nil || limit != nil {
                self.outcomes.count(.unchanged)
                return Outcome()
            }
            let changes = configuration.tunnelChanges(from: old.configuration)
            if !isForced {
                try MassChangeGuard.judge(new, replacing: old)
                try MassChangeGuard.judge(configuration, replacing: old.configuration, changes)
            }
            let spent = spent + (MonotonicClock.now() - began)
            let doubt = try await self.write(stored, onTrialFor: limit)
            let wasOnTrial = self.trial != nil
            // Commands may have changed what runs while the disk was waited for.
            let difference = await self.taking(.running) {
                let known = self.revision == revision ? changes : nil
                return await self.takeOver(new, known, confirmWithin: limit, spent: spent)
            }
            if wasOnTrial, limit == nil { await self.storage.forgetTrial() }
            return Outcome(difference: difference, doubt: doubt)
        }
    }

    /// Changes tunnels and subnets of the running configuration, which keeps its generation; saved first, as a whole one is.
    ///
    /// - Parameters:
    ///   - change: What changes, and what the configuration must be before and after it.
    ///   - spent: What was spent on it so far, in nanoseconds; for the statistics.
    /// - Returns: What changed; no difference when what it leads to runs already.
    /// - Throws: ``ConfigurationFailure``; nothing has changed then.
    func patch(_ change: Patch, spent: UInt64 = 0) async throws -> Outcome {
        try await self.counting(.files) {
            let began = MonotonicClock.now()
            let (old, revision) = (self.state, self.revision)
            if old.digest == change.new, self.trial == nil {
                self.outcomes.count(.unchanged)
                return Outcome()
            }
            guard self.trial == nil else { throw ConfigurationFailure.onTrial(generation: old.generation) }
            let new = RunningConfiguration(try change.stored(of: old))
            let changes = new.configuration.tunnelChanges(from: old.configuration)
            if !change.isForced {
                try MassChangeGuard.judge(new.configuration, replacing: old.configuration, changes)
            }
            let spent = spent + (MonotonicClock.now() - began)
            let doubt = try await self.write(new.stored, onTrialFor: nil)
            let difference: ConfigurationDifference?? = await self.taking(.running) {
                // What a command changed while the disk was waited for, a patch that does not know of it must not take back.
                guard self.revision == revision else { return .none }
                return .some(await self.takeOver(new, changes, confirmWithin: nil, spent: spent))
            }
            guard let difference else {
                _ = try await self.storage.save(old.stored)
                throw ConfigurationFailure.otherBase(running: self.state.digest)
            }
            return Outcome(difference: difference, doubt: doubt)
        }
    }

    /// Makes a configuration that was written down the running one.
    ///
    /// - Returns: What changed; nil when the same was running.
    private func takeOver(
        _ new: RunningConfiguration,
        _ known: [ConfigurationChange<TunnelSettings>]?,
        confirmWithin limit: Int?,
        spent: UInt64
    ) async -> ConfigurationDifference? {
        let old = self.state
        let confirmed = self.endTrial() ?? old
        var difference: ConfigurationDifference?
        if old.digest != new.digest {
            let changes = known ?? new.configuration.tunnelChanges(from: old.configuration)
            await self.activate(new, changes, spent: spent)
            difference = new.configuration.difference(from: old.configuration, changes)
        }
        self.state.generation = new.generation
        if let limit { self.beginTrial(backTo: confirmed, after: .seconds(limit)) }
        return difference
    }

    /// Carries out one command; the change lasts until the daemon's end unless it is saved.
    ///
    /// - Throws: ``ConfigurationFailure/conflict(_:)``, ``ConfigurationFailure/unchanged`` or what the change throws; nothing has changed
    ///   then.
    func perform(_ change: @Sendable (inout Configuration) throws -> Void) async throws {
        try await self.counting(.running) {
            var configuration = self.state.configuration
            try change(&configuration)
            do throws(Configuration.Conflict) { try configuration.check() } catch {
                throw ConfigurationFailure.conflict(error)
            }
            guard configuration != self.state.configuration else { throw ConfigurationFailure.unchanged }
            let generation = self.state.generation
            let stored = ConfigurationFile.Stored(configuration: configuration, generation: generation)
            await self.activate(RunningConfiguration(stored), spent: 0)
        }
    }

    /// Saves the running configuration into its file; while it is on trial, the one that was confirmed last.
    ///
    /// - Returns: Why a power cut might undo it, or nil.
    /// - Throws: ``ConfigurationFailure/notSaved(_:)``.
    func save() async throws -> SystemCallError? {
        try await self.taking(.files) {
            try await self.storage.save((self.trial?.confirmed ?? self.state).stored)
        }
    }

    /// Saves at the daemon's end what commands changed since the file was read or written.
    ///
    /// Whatever somebody made of the file meanwhile stays, and so does a file that says the same, comments and all.
    ///
    /// - Returns: Where it was saved instead of the file; nil for the file itself.
    /// - Throws: ``ConfigurationFailure/notSaved(_:)``.
    func saveAtEnd() async throws -> String? {
        try await self.taking(.files) {
            try await self.storage.saveAtEnd(self.trial?.confirmed ?? self.state)
        }
    }

    /// Reads the file again and makes it the running configuration; what was on trial is over.
    ///
    /// - Parameter isForced: Whether it may take many tunnels away, or be empty.
    /// - Returns: What changed.
    /// - Throws: ``Wire/ConfigurationError``, ``ConfigurationFailure`` or an error of reading; nothing has changed then.
    func reload(isForced: Bool = false) async throws -> ConfigurationDifference {
        try await self.counting(.files) {
            let stored = try await self.storage.load()
            let wasOnTrial = self.trial != nil
            let difference = try await self.taking(.running) {
                let old = self.state.configuration
                let changes = stored.configuration.tunnelChanges(from: old)
                if !isForced {
                    try MassChangeGuard.judge(stored.configuration, replacing: old)
                    try MassChangeGuard.judge(stored.configuration, replacing: old, changes)
                }
                _ = self.endTrial()
                await self.activate(RunningConfiguration(stored), changes, spent: 0)
                return stored.configuration.difference(from: old, changes)
            }
            self.storage.note(stored)
            if wasOnTrial { await self.storage.forgetTrial() }
            return difference
        }
    }

    /// Writes a configuration where a restarted daemon finds it.
    ///
    /// - Returns: Why a power cut might undo it, or nil.
    private func write(
        _ stored: ConfigurationFile.Stored,
        onTrialFor limit: Int?
    ) async throws(ConfigurationFailure) -> SystemCallError? {
        guard let limit else { return try await self.storage.save(stored) }
        try await self.storage.saveTrial(stored, for: limit)
        return nil
    }

    private func activate(
        _ new: RunningConfiguration,
        _ known: [ConfigurationChange<TunnelSettings>]? = nil,
        spent: UInt64,
        as outcome: ChangeOutcomes.Outcome = .applied
    ) async {
        let started = MonotonicClock.now()
        self.revision += 1
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
        self.outcomes.count(outcome)
        self.times.record(.init(total: spent + (inForce - started), standstill: standstill))
        self.state = new
        self.state.appliedAt = Date()
        self.accessList.withLock { $0 = new.configuration.pop.controlACL }
        self.levels.follow(new.configuration.pop)
        do { try self.routes.follow(new.configuration) } catch {
            self.logger.error(
                "the kernel's routes do not match the configuration: \(error); trying again (see 'pop show kernel')"
            )
        }
    }

    // MARK: - Trials

    /// What tells the trial that is under way from others; nil when none is.
    var trialIdentity: UInt64? { self.trial?.identity }

    /// How long the trial that is under way has, in seconds; nil when none is.
    var trialSecondsLeft: Double? {
        self.trial.map { trial in
            let now = MonotonicClock.now()
            return trial.endsAt > now ? Double(trial.endsAt - now) / 1e9 : 0
        }
    }

    /// Keeps a configuration that was to be confirmed, and saves it.
    ///
    /// - Returns: Why a power cut might undo it, or nil.
    /// - Throws: ``ConfigurationFailure/nothingToConfirm(generation:)`` or ``ConfigurationFailure/notSaved(_:)``.
    func confirm(generation: Int) async throws -> SystemCallError? {
        try await self.taking(.files) {
            guard self.trial != nil, self.state.generation == generation else {
                throw ConfigurationFailure.nothingToConfirm(generation: generation)
            }
            self.trial?.isBeingConfirmed = true
            defer { self.trial?.isBeingConfirmed = false }
            let doubt = try await self.storage.save(self.state.stored)
            _ = self.endTrial()
            await self.storage.forgetTrial()
            return doubt
        }
    }

    /// Takes back a configuration that was not confirmed.
    ///
    /// What runs changes at once; the disk is waited for behind that. One that somebody has confirmed before is taken back only
    /// when it could not be saved.
    ///
    /// - Parameter identity: Which trial it is that must end; nil for any.
    /// - Returns: The generation that runs again; nil when there was nothing to take back.
    func rollBack(_ identity: UInt64? = nil) async -> Int? {
        while self.trial?.isBeingConfirmed == true { await self.taking(.files) {} }
        let generation: Int? = await self.taking(.running) {
            guard let trial = self.trial, identity == nil || trial.identity == identity,
                let confirmed = self.endTrial()
            else { return nil }
            await self.activate(confirmed, spent: 0, as: .rolledBack)
            self.logger.warning("rolled back: generation \(confirmed.generation) is running again")
            return confirmed.generation
        }
        guard let generation else { return nil }
        await self.taking(.files) {
            // What was put on trial meanwhile has its own file there.
            if self.trial == nil { await self.storage.forgetTrial() }
        }
        return generation
    }

    private func beginTrial(backTo confirmed: RunningConfiguration, after limit: Duration) {
        self.trialCount += 1
        let identity = self.trialCount
        let timer = Task {
            try await Task.sleep(for: limit)
            // A task of its own: the end of the trial cancels this one, and the disk is waited for behind that.
            _ = await Task { await self.rollBack(identity) }.value
        }
        let endsAt = MonotonicClock.now() + UInt64(max(0, limit / .nanoseconds(1)))
        self.trial = Trial(identity: identity, confirmed: confirmed, endsAt: endsAt, timer: timer)
    }

    /// Ends the trial of the running configuration, if there is one.
    ///
    /// - Returns: The configuration that was confirmed last.
    private func endTrial() -> RunningConfiguration? {
        guard let trial = self.trial else { return nil }
        trial.timer.cancel()
        self.trial = nil
        return trial.confirmed
    }

    // MARK: - One after the other

    /// Makes a change at its turn, and counts one that is not made.
    private func counting<Value>(_ turn: Turn, _ body: () async throws -> Value) async throws -> Value {
        do { return try await self.taking(turn, body) } catch {
            if case ConfigurationFailure.unchanged = error {
                self.outcomes.count(.unchanged)
            } else {
                self.outcomes.count(.refused)
            }
            throw error
        }
    }

    /// Does something after all that came before it at the same turn: an actor alone would let them in while one waits.
    private func taking<Value>(_ turn: Turn, _ body: () async throws -> Value) async rethrows -> Value {
        let queue = self.queues[turn.rawValue]
        await queue.take()
        defer { queue.passOn() }
        return try await body()
    }
}
