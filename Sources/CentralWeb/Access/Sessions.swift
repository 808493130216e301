internal import Synchronization

/// Who is logged in, by a number that nobody can guess; forgotten at the program's end.
final class Sessions: Sendable {
    private struct Session {
        let name: String
        let end: ContinuousClock.Instant
    }

    private struct State {
        var sessions: [String: Session] = [:]
        /// When attempts failed lately.
        var failures: [ContinuousClock.Instant] = []
    }

    /// How long one is logged in.
    static let duration = Duration.seconds(12 * 3600)
    /// Attempts that may fail within a minute, of all together.
    private static let mostFailures = 20
    /// Sessions at once; the one that ends first makes room.
    private static let most = 1000

    private let state = Mutex(State())
    private let now: @Sendable () -> ContinuousClock.Instant

    init(now: @escaping @Sendable () -> ContinuousClock.Instant) { self.now = now }

    /// Begins a session.
    ///
    /// - Parameter name: Whose.
    /// - Returns: What its cookie says.
    func begin(_ name: String) -> String {
        let identity = (0..<4).map { _ in
            let part = String(UInt64.random(in: .min ... .max), radix: 16)
            return String(repeating: "0", count: 16 - part.utf8.count) + part
        }.joined()
        let now = self.now()
        self.state.withLock { state in
            state.sessions = state.sessions.filter { $0.value.end > now }
            if state.sessions.count >= Self.most,
                let first = state.sessions.min(by: { $0.value.end < $1.value.end })
            {
                state.sessions[first.key] = nil
            }
            state.sessions[identity] = Session(name: name, end: now + Self.duration)
        }
        return identity
    }

    /// Whose session it is; nil when it is over or never was.
    func owner(of identity: String) -> String? {
        let now = self.now()
        return self.state.withLock { $0.sessions[identity].flatMap { $0.end > now ? $0.name : nil } }
    }

    func end(_ identity: String) { self.state.withLock { $0.sessions[identity] = nil } }

    /// Whether so many attempts failed within the last minute that none is looked at.
    var isClosed: Bool {
        let since = self.now() - .seconds(60)
        return self.state.withLock { state in
            state.failures.removeAll { $0 < since }
            return state.failures.count >= Self.mostFailures
        }
    }

    func noteFailure() {
        let now = self.now()
        self.state.withLock { $0.failures.append(now) }
    }
}
