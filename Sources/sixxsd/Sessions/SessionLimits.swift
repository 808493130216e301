/// What one control session, those of one user, and all together may take.
struct SessionLimits: Sendable {
    /// After how long without a whole command a session ends.
    var idle = Duration.seconds(15 * 60)
    /// Within how long the text behind a command must have come.
    var text = Duration.seconds(60)
    /// After how long a session ends whose other side doesn't read.
    var stall = Duration.seconds(30)
    /// How often that is looked at.
    var watch = Duration.seconds(1)
    /// How long a connection that was refused may stay to read why.
    var refusal = Duration.seconds(1)
    /// Sessions of one user, or of one remote network, on all doors; of root and of the daemon's user on each.
    var sessionsOfOne = 100
    /// Sessions in all, besides those of root and of the daemon's user.
    var sessions = 400
    /// As many of those are kept for the socket's group.
    var keptSessions = 150
    /// Connections of one user that are judged; as many again that were refused and are not gone yet.
    var waitingOfOne = 32
    /// Such connections of all.
    var waiting = 128
    /// Texts of one user that may be on their way at once.
    var textsOfOne = 8
    /// What the texts of one user may have together, in octets: two of the largest.
    var textOctetsOfOne = 8 << 20
    /// What all texts may have together, in octets, besides those of root and of the daemon's user.
    var textOctets = 24 << 20
    /// As many of those are kept as sessions are.
    var keptTextOctets = 16 << 20
    /// Commands that take long or say much, of one user: at work, or not read by the other side yet.
    var largeCommandsOfOne = 2
    /// Such commands at work at once, besides those of root and of the daemon's user.
    var largeCommandsAtWork = 2
    /// Tunnels that one session may trace at once.
    var traces = 16
    /// Commands that don't exist, one after the other, after which whoever sends them is taken for a stranger.
    var unknownCommands = 5
}
