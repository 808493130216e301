internal import Synchronization
internal import Wire

/// Who is logged in, by a number that nobody can guess; forgotten at the program's end.
final class Sessions: Sendable {
    private struct Session {
        let visitor: Visitor
        let end: ContinuousClock.Instant
    }

    private struct State {
        var sessions: [String: Session] = [:]
        /// When attempts failed lately, by who made them.
        var failures: [IPAddress?: [ContinuousClock.Instant]] = [:]
    }

    /// How long one is logged in.
    static let duration = Duration.seconds(12 * 3600)
    /// Attempts of one address that may fail within a minute: strangers must not keep others out.
    private static let mostFailures = 20
    /// Addresses whose failures are remembered; with more, the one that failed first makes room.
    private static let mostAddresses = 10_000
    /// Sessions at once; the one that ends first makes room.
    private static let most = 1000

    private let state = Mutex(State())
    private let now: @Sendable () -> ContinuousClock.Instant

    init(now: @escaping @Sendable () -> ContinuousClock.Instant) { self.now = now }

    /// Begins a session.
    ///
    /// - Parameters:
    ///   - visitor: Whose.
    ///   - duration: How long it lasts.
    /// - Returns: What its cookie says.
    func begin(_ visitor: Visitor, for duration: Duration = Sessions.duration) -> String {
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
            state.sessions[identity] = Session(visitor: visitor, end: now + duration)
        }
        return identity
    }

    /// Whose session it is; nil when it is over or never was.
    func visitor(of identity: String) -> Visitor? {
        let now = self.now()
        return self.state.withLock { $0.sessions[identity].flatMap { $0.end > now ? $0.visitor : nil } }
    }

    func end(_ identity: String) { self.state.withLock { $0.sessions[identity] = nil } }

    /// Looks whether too many attempts of an address failed within the last minute.
    ///
    /// - Parameter client: The address; nil for all that come over a UNIX socket.
    /// - Returns: Whether no attempt of it is looked at.
    func isClosed(to client: IPAddress?) -> Bool {
        let since = self.now() - .seconds(60)
        return self.state.withLock { state in
            let recent = state.failures[client?.network]?.filter { $0 >= since } ?? []
            state.failures[client?.network] = recent.isEmpty ? nil : recent
            return recent.count >= Self.mostFailures
        }
    }

    /// Counts an attempt that failed.
    ///
    /// - Parameter client: The address that made it.
    func noteFailure(of client: IPAddress?) {
        let now = self.now()
        self.state.withLock { state in
            let network = client?.network
            if state.failures[network] == nil, state.failures.count >= Self.mostAddresses {
                state.failures = state.failures.filter {
                    $0.value.last.map { $0 >= now - .seconds(60) } ?? false
                }
                if state.failures.count >= Self.mostAddresses,
                    let first = state.failures.min(by: { ($0.value.last ?? now) < ($1.value.last ?? now) })
                {
                    state.failures[first.key] = nil
                }
            }
            state.failures[network, default: []].append(now)
        }
    }
}
