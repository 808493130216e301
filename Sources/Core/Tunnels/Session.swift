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
    /// The latest time that an accepted beat from the present endpoint carried, in seconds since 1970.
    var newestBeat: Int64?

    /// Gives the tunnel other ends; what was learnt of the path to another remote end is forgotten.
    mutating func move(to path: OuterPath?) {
        if self.path?.remote != path?.remote { self.pathMTU = nil }
        self.path = path
    }

    /// Brings a dynamic tunnel up, or keeps it up, after a beat was found right.
    ///
    /// - Returns: Whether it was accepted; a replay from elsewhere is not.
    mutating func accept(_ beat: Beat) -> Bool {
        if let newest = self.newestBeat, beat.time <= newest {
            guard self.isFrom(beat) else { return false }
        } else {
            self.newestBeat = beat.time
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
        return beat.time <= newest && self.usesRetiredSecret == beat.isByRetiredSecret && self.isFrom(beat)
    }

    /// Whether engines act alike on both: the newest beat matters only where one is accepted, which all do together.
    func acts(as other: Session) -> Bool {
        var other = other
        other.newestBeat = self.newestBeat
        return self == other
    }
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
