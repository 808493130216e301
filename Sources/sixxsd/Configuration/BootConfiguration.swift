import Wire

/// What a daemon starts with: what its file says, or what was on trial when it was ended.
struct BootConfiguration: Sendable {
    /// What runs at first.
    let running: ConfigurationFile.Stored

    /// When that is on trial: what comes back unless it is confirmed in time.
    let trial: (confirmed: ConfigurationFile.Stored, remaining: Duration)?

    /// What became of a trial that is over, for the log; nil when there was none.
    let note: String?

    /// Starts with one configuration, for good or until a trial's end.
    init(
        _ running: ConfigurationFile.Stored,
        trial: (confirmed: ConfigurationFile.Stored, remaining: Duration)? = nil,
        note: String? = nil
    ) {
        self.running = running
        self.trial = trial
        self.note = note
    }

    /// Reads the file, and what was on trial beside it.
    ///
    /// The deadline is a time of day, so that the time while nothing ran counts too; a clock that was set back
    /// can't make more of it than the trial was given.
    ///
    /// - Parameters:
    ///   - file: The file.
    ///   - now: Seconds since 1970.
    /// - Throws: ``Wire/ConfigurationError`` or an error of reading, of the file itself.
    init(_ file: ConfigurationFile, at now: Int64) throws {
        let stored = try file.load()
        guard let trial = file.loadTrial() else {
            self.init(stored)
            // Nothing, or nothing that can be read: not worth keeping.
            try? file.removeTrial()
            return
        }
        let generation = trial.stored.generation
        let remaining = min(trial.deadline - now, trial.limit)
        let isConfirmed =
            generation == stored.generation && trial.stored.configuration == stored.configuration
        guard !isConfirmed, remaining > 0 else {
            try file.removeTrial()
            self.init(stored, note: isConfirmed ? nil : "generation \(generation) was not confirmed in time")
            return
        }
        self.init(
            trial.stored,
            trial: (stored, .seconds(remaining)),
            note: "generation \(generation) is on trial for \(remaining) more seconds"
        )
    }
}
