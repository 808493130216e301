internal import Synchronization
internal import Wire

/// What the engines of one PoP have in common: the sessions of its tunnels, and what must be counted together.
///
/// Packets are served without it. Each engine has a copy of all sessions, and looks before each packet at one number, which
/// says whether another engine changed one. The lock is taken then, and by what is rare: a beat that moves a tunnel or is the
/// first of its second, an ICMP error, a latency probe.
public final class SharedSessions: Sendable {
    private struct Row {
        var session = Session()
        /// Which configuration the session began with: an engine that has not taken it over may not change the session.
        var epoch: UInt64 = 0
        /// When an engine last told of a beat, in nanoseconds of the monotonic clock.
        var lastBeat: UInt64 = 0
        /// Limits the messages of each kind about the tunnel.
        var limits = InlineArray<6, TokenBucket>(repeating: TokenBucket())
        /// What was said lately of its path.
        var claims = PathClaims()
        /// The probe that waits for its reply.
        var pendingProbe: UInt16?
        /// How long replies to its probes took: here, so that there is one of it however many engines there are.
        var roundTrips = RoundTrips()
    }

    private struct State {
        var rows = [Row](repeating: Row(), count: TID.capacity)
        /// The tunnels whose sessions changed last, each at the place that the number of its change has in a ring.
        var changes = [TID?](repeating: nil, count: TID.capacity)
        /// Limits the messages of each kind of the whole PoP.
        var limits = ICMPKind.allCases.map { _ in ICMPLimits() }
    }

    /// How long a beat that changes nothing may stay with the engine that saw it, in nanoseconds.
    static let longestSilence = Timestamp.nanosecondsPerSecond

    private let changeCounter = Atomic<UInt64>(0)
    private let state = Mutex(State())

    /// Creates the sessions of a PoP without tunnels.
    public init() {}

    /// How many changes there were.
    var changeCount: UInt64 { self.changeCounter.load(ordering: .acquiring) }

    private static func index(_ tid: TID) -> Int { Int(tid.rawValue) }

    // MARK: - Sessions

    /// The session of a tunnel.
    func session(of tid: TID) -> Session { self.state.withLock { $0.rows[Self.index(tid)].session } }

    /// The session of a tunnel, and when an engine last told of a beat.
    func sessionAndBeat(of tid: TID) -> (session: Session, lastBeat: UInt64) {
        self.state.withLock { ($0.rows[Self.index(tid)].session, $0.rows[Self.index(tid)].lastBeat) }
    }

    /// Changes the session of a tunnel.
    ///
    /// - Parameters:
    ///   - tid: The tunnel.
    ///   - epoch: Which configuration the engine has.
    ///   - isNew: Whether it begins anew, with a configuration that other engines may not have yet.
    ///   - beatTime: When a beat was the reason, in nanoseconds of the monotonic clock.
    ///   - body: Makes the change, or refuses.
    /// - Returns: The session afterwards; nil when it was refused, or began with a later configuration.
    func change(
        _ tid: TID,
        at epoch: UInt64,
        isNew: Bool = false,
        beatTime: UInt64? = nil,
        _ body: (inout Session) -> Bool
    ) -> Session? {
        self.state.withLock { state in
            let index = Self.index(tid)
            var session = state.rows[index].session
            guard state.rows[index].epoch <= epoch, body(&session) else { return nil }
            if isNew { state.rows[index].epoch = epoch }
            if let beatTime { state.rows[index].lastBeat = max(state.rows[index].lastBeat, beatTime) }
            self.store(session, of: tid, in: &state)
            return session
        }
    }

    /// Forgets everything about a tunnel.
    func forget(_ tid: TID, at epoch: UInt64) {
        self.state.withLock { state in
            self.store(Session(), of: tid, in: &state)
            state.rows[Self.index(tid)] = Row(epoch: epoch)
        }
    }

    private func store(_ session: Session, of tid: TID, in state: inout State) {
        let index = Self.index(tid)
        let isNews = !session.acts(as: state.rows[index].session)
        state.rows[index].session = session
        guard isNews else { return }
        let number = self.changeCounter.load(ordering: .relaxed)
        state.changes[Int(truncatingIfNeeded: number) & (TID.capacity - 1)] = tid
        self.changeCounter.store(number &+ 1, ordering: .releasing)
    }

    /// What one of the changes was, as far as it is still remembered.
    enum Change {
        case none
        case session(TID, Session)
        /// So many that each tunnel must be looked at.
        case tooMany
    }

    /// Looks at a change.
    ///
    /// - Parameter number: How many changes there were before it.
    /// - Returns: Whose session it was, and how that is now.
    func change(number: UInt64) -> Change {
        self.state.withLock { state in
            let count = self.changeCounter.load(ordering: .relaxed)
            guard number != count else { return .none }
            guard count &- number <= UInt64(TID.capacity),
                let tid = state.changes[Int(truncatingIfNeeded: number) & (TID.capacity - 1)]
            else { return .tooMany }
            return .session(tid, state.rows[Self.index(tid)].session)
        }
    }

    /// When an engine last told of a beat of a tunnel, in nanoseconds of the monotonic clock.
    func lastBeat(of tid: TID) -> UInt64 { self.state.withLock { $0.rows[Self.index(tid)].lastBeat } }

    // MARK: - Limits

    /// Takes a token for a message, if there is one.
    ///
    /// - Parameters:
    ///   - kind: Of which kind it is.
    ///   - tid: The tunnel it is about; nil for none.
    ///   - places: Where the shares are of who would get it.
    ///   - rate: How many there may be.
    ///   - now: Nanoseconds of the monotonic clock.
    /// - Returns: Whether one was taken.
    func takeToken(
        for kind: ICMPKind,
        about tid: TID?,
        to places: ICMPLimits.Places,
        _ rate: ICMPRate,
        at now: UInt64
    ) -> Bool {
        self.state.withLock { state in
            var tunnel = tid.map { state.rows[Self.index($0)].limits[kind.rawValue] }
            let isTaken = state.limits[kind.rawValue].take(for: places, of: &tunnel, rate, at: now)
            if let tid, let tunnel { state.rows[Self.index(tid)].limits[kind.rawValue] = tunnel }
            return isTaken
        }
    }

    // MARK: - Paths

    /// Takes note that somebody guessed wrong what packets of a tunnel carry.
    func noteGuess(about tid: TID, in slot: PathEvidence.Slot) {
        self.state.withLock { $0.rows[Self.index(tid)].claims.noteGuess(in: slot) }
    }

    /// Whether so much was guessed about a tunnel that a right guess means nothing.
    func isGuessing(about tid: TID, in slot: PathEvidence.Slot) -> Bool {
        self.state.withLock { $0.rows[Self.index(tid)].claims.isGuessing(in: slot) }
    }

    /// Begins to try the path of a tunnel if it is time for that.
    func beginTrial(of tid: TID, at now: UInt64) -> Bool {
        self.state.withLock { $0.rows[Self.index(tid)].claims.beginTrial(at: now) }
    }

    // MARK: - Probes

    /// The probe of a tunnel that waits for its reply; nil when none does.
    func pendingProbe(of tid: TID) -> UInt16? {
        self.state.withLock { $0.rows[Self.index(tid)].pendingProbe }
    }

    /// Remembers a probe that waits for its reply, or that none does.
    func setPendingProbe(_ sequence: UInt16?, of tid: TID) {
        self.state.withLock { $0.rows[Self.index(tid)].pendingProbe = sequence }
    }

    /// What the probes of a tunnel brought back, by how long it took.
    func roundTrips(of tid: TID) -> RoundTrips { self.state.withLock { $0.rows[Self.index(tid)].roundTrips } }

    /// Forgets the probes of a tunnel.
    func resetProbes(of tid: TID) {
        self.state.withLock { state in
            state.rows[Self.index(tid)].pendingProbe = nil
            state.rows[Self.index(tid)].roundTrips = RoundTrips()
        }
    }

    /// Takes the reply to a probe, and counts how long it took.
    ///
    /// - Returns: Whether it waited for one.
    func takeProbe(_ sequence: UInt16, of tid: TID, after microseconds: UInt64) -> Bool {
        self.state.withLock { state in
            guard state.rows[Self.index(tid)].pendingProbe == sequence else { return false }
            state.rows[Self.index(tid)].pendingProbe = nil
            state.rows[Self.index(tid)].roundTrips.count(microseconds: microseconds)
            return true
        }
    }
}
