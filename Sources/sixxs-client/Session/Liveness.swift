/// Whether the tunnel answers, as people want to be told: each change once.
struct Liveness: Sendable {
    /// A change worth a line in the log.
    enum Change: Hashable, Sendable {
        /// The first answer, or the first after a silence that lasted so long.
        case answering(roundTrip: Duration, afterSilenceOf: Duration?)
        /// No answer for so long.
        case silent(for: Duration)
    }

    private enum State: Hashable {
        case starting(since: Duration)
        case answering(last: Duration)
        case silent(since: Duration)
    }

    /// How long a tunnel may take to answer for the first time.
    static let startTimeout: Duration = .seconds(10)

    /// How many beats may go without an answer.
    static let missedBeats = 3

    /// How long an answer may take before its request counts as missed.
    static let answerTimeout: Duration = .seconds(2)

    /// An answer of the PoP.
    struct Answer: Hashable, Sendable {
        /// When it came.
        let time: Duration
        /// How long after its request.
        let roundTrip: Duration
    }

    private let beatInterval: Duration
    private var state: State

    /// The last answer; nil before the first.
    private(set) var lastAnswer: Answer?

    init(beatInterval: Duration, start: Duration) {
        self.beatInterval = beatInterval
        self.state = .starting(since: start)
    }

    /// Whether the last that was heard of the tunnel is that it answers.
    var isAnswering: Bool {
        if case .answering = self.state { true } else { false }
    }

    /// Whether the silence has lasted so long that it was told.
    var isSilent: Bool {
        if case .silent = self.state { true } else { false }
    }

    /// When ``check(at:)`` will find a silence, or nil when it is known already.
    var deadline: Duration? {
        switch self.state {
        case .starting(let since): since + Self.startTimeout
        case .answering(let last): last + self.beatInterval * Self.missedBeats + Self.answerTimeout
        case .silent: nil
        }
    }

    /// Notes an answer.
    mutating func noteAnswer(roundTrip: Duration, at now: Duration) -> Change? {
        let old = self.state
        self.state = .answering(last: now)
        self.lastAnswer = Answer(time: now, roundTrip: roundTrip)
        switch old {
        case .starting: return .answering(roundTrip: roundTrip, afterSilenceOf: nil)
        case .answering: return nil
        case .silent(let since): return .answering(roundTrip: roundTrip, afterSilenceOf: now - since)
        }
    }

    /// Looks whether the silence has become too long.
    mutating func check(at now: Duration) -> Change? {
        guard let deadline = self.deadline, now >= deadline else { return nil }
        switch self.state {
        case .starting(let since), .answering(let since), .silent(let since):
            self.state = .silent(since: since)
            return .silent(for: now - since)
        }
    }
}
