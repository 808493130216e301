/// What one control session, and all together, may take.
struct SessionLimits: Sendable {
    /// After how long without a whole command a session ends.
    var idle = Duration.seconds(15 * 60)
    /// Within how long the text behind a command must have come.
    var text = Duration.seconds(60)
    /// After how long a session ends whose other side doesn't read.
    var stall = Duration.seconds(30)
    /// How often that is looked at.
    var watch = Duration.seconds(1)
    /// Sessions at once on the TCP port, and as many again on the UNIX socket.
    var sessions = 100
    /// Texts that may be on their way at once: each takes up to 4 MiB.
    var texts = 8
    /// Tunnels that one session may trace at once.
    var traces = 16
}
