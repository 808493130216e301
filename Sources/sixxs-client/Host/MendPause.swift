/// How soon and how loudly the host is mended again that somebody else keeps changing.
struct MendPause: Hashable, Sendable {
    /// How many mends in a row are told.
    static let mostTold = 8
    private static let longest = Duration.seconds(60)
    /// After how long without a mend the next one is the first again.
    private static let memory = Duration.seconds(300)

    /// What the log is to be told of a mend.
    enum Telling: Hashable, Sendable {
        /// What was mended.
        case each
        /// That, and that no more will be told.
        case last
        /// Nothing.
        case nothing
    }

    private var count = 0
    private var latest: Duration?

    /// Before when nothing is to be mended again; nil when it may be at any time.
    private(set) var end: Duration?

    /// Takes a mend into account.
    ///
    /// - Parameter now: The time.
    /// - Returns: What to tell.
    mutating func note(at now: Duration) -> Telling {
        if let latest, now - latest >= Self.memory { self.count = 0 }
        self.count += 1
        self.latest = now
        guard self.count >= Self.mostTold else { return .each }
        let doublings = min(self.count - Self.mostTold, 6)
        self.end = now + min(.seconds(1 << doublings), Self.longest)
        return self.count == Self.mostTold ? .last : .nothing
    }
}
