internal import Wire

/// What was said lately of the path to a tunnel's end without evidence.
struct PathClaims: Sendable {
    /// Wrong guesses after which an identification is no evidence for the rest of a slot: whoever guesses on is right once in
    /// 65,536 times, so that it takes more than a day to be believed.
    static let mostGuesses = 16

    /// How long no packet is sent to try the path after one was, in nanoseconds.
    static let restBetweenTrials = Timestamp.nanosecondsPerSecond

    private var slot: PathEvidence.Slot = 0
    private var guesses = 0
    private var triedAt: UInt64?

    /// Counts a wrong guess.
    mutating func noteGuess(in slot: PathEvidence.Slot) {
        if slot != self.slot { self = PathClaims(slot: slot, guesses: 0, triedAt: self.triedAt) }
        self.guesses = min(self.guesses + 1, Self.mostGuesses)
    }

    /// Whether so much was guessed that a right guess means nothing.
    func isGuessing(in slot: PathEvidence.Slot) -> Bool {
        slot == self.slot && self.guesses >= Self.mostGuesses
    }

    /// Begins a trial of the path if it is time for one.
    mutating func beginTrial(at now: UInt64) -> Bool {
        if let triedAt, now &- triedAt < Self.restBetweenTrials { return false }
        self.triedAt = now
        return true
    }
}
