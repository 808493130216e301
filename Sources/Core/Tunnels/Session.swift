internal import Wire

/// Where a tunnel's user is and how to reach them: what all engines of a PoP must see alike.
struct Session: Equatable, Sendable {
    /// The ends; nil before a dynamic tunnel's first beat, or when our own address isn't known.
    var path: OuterPath?
    var encapsulation = Encapsulation.sixInFour
    /// Whether a dynamic tunnel's beats came in time.
    var isAlive = false
    /// Whether the user's end signs with the retired secret, and so expects us to.
    var usesRetiredSecret = false
    /// What was learnt of the path; nil when nothing was.
    var pathMTU: PathMTU?
    /// The latest time that an accepted beat carried; nil before the first.
    var newestBeat: NewestBeat?

    /// Gives the tunnel other ends; what was learnt of the path to another remote end is forgotten.
    mutating func move(to path: OuterPath?) {
        if self.path?.remote != path?.remote { self.pathMTU = nil }
        self.path = path
    }

    /// Brings a dynamic tunnel up, or keeps it up, after a beat was found right.
    ///
    /// - Parameters:
    ///   - beat: The beat.
    ///   - now: Nanoseconds of the monotonic clock.
    /// - Returns: Whether it was accepted; a replay from elsewhere is not.
    mutating func accept(_ beat: Beat, at now: UInt64) -> Bool {
        if let newest = self.newestBeat, beat.time <= newest.time, newest.stands(at: now) {
            guard self.isFrom(beat) else { return false }
        } else {
            self.newestBeat = NewestBeat(time: beat.time, acceptedAt: now)
        }
        self.move(to: beat.path)
        self.encapsulation = beat.encapsulation
        self.usesRetiredSecret = beat.isByRetiredSecret
        self.isAlive = true
        return true
    }

    /// Whether a beat comes from the present endpoint and asks for the present encapsulation.
    func isFrom(_ beat: Beat) -> Bool {
        self.path == beat.path && self.encapsulation == beat.encapsulation
    }

    /// Whether a beat changes nothing: it comes as the last ones did and carries no later time.
    func isUnchanged(by beat: Beat) -> Bool {
        guard self.isAlive, let newest = self.newestBeat else { return false }
        return beat.time <= newest.time && self.usesRetiredSecret == beat.isByRetiredSecret
            && self.isFrom(beat)
    }

    /// Whether engines act alike on both: the newest beat matters only where one is accepted, which all do together.
    func acts(as other: Session) -> Bool {
        var other = other
        other.newestBeat = self.newestBeat
        return self == other
    }
}

/// The latest time that a tunnel's beats carried.
///
/// A beat from elsewhere that carries no later one may be a copy. It stands for twice the skew that clocks are allowed: whatever
/// was signed before it came is refused for its time after that. So a user whose clock was set back, and who moves, is let in
/// as soon as his clock is where it was, and after four minutes at the latest.
struct NewestBeat: Equatable, Sendable {
    /// How long it stands, in nanoseconds.
    static let lifetime = 2 * UInt64(ClockSkew.allowed) * Timestamp.nanosecondsPerSecond

    /// The time that the beat carried, in seconds since 1970.
    var time: Int64

    /// When it was accepted, in nanoseconds of the monotonic clock.
    var acceptedAt: UInt64

    /// Whether an older time from elsewhere is refused because of it.
    func stands(at now: UInt64) -> Bool { now <= self.acceptedAt || now - self.acceptedAt <= Self.lifetime }
}

/// A heartbeat or an AYIYA packet that was found right.
struct Beat {
    /// Where it came from and went to.
    var path: OuterPath
    /// The time that it carries, in seconds since 1970.
    var time: Int64
    /// How packets travel from now on.
    var encapsulation: Encapsulation
    /// Whether the tunnel's retired secret signed it.
    var isByRetiredSecret: Bool
}
