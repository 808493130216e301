import Wire

/// Refuses what is more likely a mistake than meant.
enum MassChangeGuard {
    /// Refuses to take away more than one tunnel in twenty, and more than ten; or to renumber as many.
    ///
    /// - Parameters:
    ///   - new: What would run.
    ///   - old: What runs.
    ///   - changes: The tunnels that differ.
    /// - Throws: ``ConfigurationFailure/tooManyLosses(_:of:)`` or ``ConfigurationFailure/renumbers(_:)``.
    static func judge(
        _ new: Configuration,
        replacing old: Configuration,
        _ changes: [ConfigurationChange<TunnelSettings>]
    ) throws(ConfigurationFailure) {
        let count = old.tunnels.count
        let losses = changes.losses
        if losses > 10, losses * 20 > count { throw .tooManyLosses(losses, of: count) }
        if new.pop.tunnelPrefix != old.pop.tunnelPrefix, count > 10 { throw .renumbers(count) }
    }

    /// Refuses a file in which there is nothing, where something runs.
    ///
    /// - Throws: ``ConfigurationFailure/empty``.
    static func judge(_ new: Configuration, replacing old: Configuration) throws(ConfigurationFailure) {
        guard new != Configuration() || old == new else { throw .empty }
    }

    /// Refuses to start with nothing where the daemon before had sessions.
    ///
    /// - Parameters:
    ///   - start: What the daemon would start with.
    ///   - sessions: How many the daemon before left.
    ///   - path: The file that it left them in.
    /// - Throws: ``ConfigurationFailure/emptyAtStart(sessions:stateFile:)``.
    static func judge(
        _ start: BootConfiguration,
        beside sessions: Int,
        in path: String
    ) throws(ConfigurationFailure) {
        guard start.running.configuration == Configuration(), sessions > 0 else { return }
        throw .emptyAtStart(sessions: sessions, stateFile: path)
    }

    /// Refuses an older generation than the one that runs, unless it says the same.
    ///
    /// A centre that was stopped in the middle of its round, and went on when another had taken its place, brings one.
    ///
    /// - Throws: ``ConfigurationFailure/older(generation:running:)``.
    static func judge(
        _ new: RunningConfiguration,
        replacing old: RunningConfiguration
    ) throws(ConfigurationFailure) {
        guard new.generation >= old.generation || new.digest == old.digest else {
            throw .older(generation: new.generation, running: old.generation)
        }
    }
}
