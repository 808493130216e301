import Synchronization

/// Knows by when a session's other side must have done something.
final class SessionClock: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// Why a session is ended.
    enum Outcome: Hashable, Sendable {
        case idle
        case stalled
    }

    private struct State {
        var deadline: Instant
        /// Writes that are not done, and since when there are any.
        var writes = 0
        var writingSince: Instant
    }

    private let limits: SessionLimits
    private let state: Mutex<State>

    init(_ limits: SessionLimits) {
        self.limits = limits
        self.state = Mutex(State(deadline: .now + limits.idle, writingSince: .now))
    }

    /// Notes that a whole command came, or that something was shown.
    func touch() { self.state.withLock { $0.deadline = .now + self.limits.idle } }

    /// Notes that a text must follow.
    func expectText() { self.state.withLock { $0.deadline = .now + self.limits.text } }

    func beginWrite() {
        self.state.withLock { state in
            if state.writes == 0 { state.writingSince = .now }
            state.writes += 1
        }
    }

    func endWrite() {
        self.state.withLock { state in
            state.writes -= 1
            state.writingSince = .now
        }
    }

    /// Waits until the session must end, and says why.
    ///
    /// - Throws: `CancellationError` when it ended by itself.
    func verdict() async throws -> Outcome {
        while true {
            try await Task.sleep(for: self.limits.watch)
            let now = Instant.now
            let (deadline, isWriting, since) = self.state.withLock {
                ($0.deadline, $0.writes > 0, $0.writingSince)
            }
            if isWriting, now - since > self.limits.stall { return .stalled }
            if !isWriting, now > deadline { return .idle }
        }
    }
}
