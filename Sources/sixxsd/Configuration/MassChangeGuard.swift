import Wire

/// Refuses what is more likely a mistake than meant.
enum MassChangeGuard {
    /// Refuses to take away more than one tunnel in twenty, and more than ten.
    ///
    /// - Parameters:
    ///   - changes: What would change.
    ///   - count: How many tunnels there are.
    /// - Throws: ``ConfigurationFailure/tooManyLosses(_:of:)``.
    static func judge(
        _ changes: [ConfigurationChange<TunnelSettings>],
        of count: Int
    ) throws(ConfigurationFailure) {
        let losses = changes.losses
        guard losses > 10, losses * 20 > count else { return }
        throw .tooManyLosses(losses, of: count)
    }

    /// Refuses a file in which there is nothing, where something runs.
    ///
    /// - Throws: ``ConfigurationFailure/empty``.
    static func judge(_ new: Configuration, replacing old: Configuration) throws(ConfigurationFailure) {
        guard new != Configuration() || old == new else { throw .empty }
    }
}
