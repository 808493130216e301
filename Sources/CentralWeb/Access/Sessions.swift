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
    /// How many times as many an IPv6 network of 48 bits may make, in which one client can have 65,536 of those of 64.
    private static let wideShare = 4
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
        let identity = [UInt8].random(count: 32).hexadecimalText
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
            Self.networks(of: client).contains { network, most in
                let recent = state.failures[network]?.filter { $0 >= since } ?? []
                state.failures[network] = recent.isEmpty ? nil : recent
                return recent.count >= most
            }
        }
    }

    /// Counts an attempt that failed.
    ///
    /// - Parameter client: The address that made it.
    func noteFailure(of client: IPAddress?) {
        for (network, _) in Self.networks(of: client) { self.noteFailure(in: network) }
    }

    /// What attempts of a client are counted by, and how many of them may fail.
    private static func networks(of client: IPAddress?) -> [(network: IPAddress?, most: Int)] {
        guard case .ipv6(let address)? = client else { return [(client, Self.mostFailures)] }
        let wide = IPAddress.ipv6(IPv6Prefix(containing: address, length: 48).address)
        return [
            (client?.network, Self.mostFailures), (wide.marked, Self.mostFailures * Self.wideShare),
        ]
    }

    private func noteFailure(in network: IPAddress?) {
        let now = self.now()
        self.state.withLock { state in
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

extension IPAddress {
    /// A network that stands for itself and not for its first part: with a bit set that no network has.
    fileprivate var marked: IPAddress {
        guard case .ipv6(let address) = self else { return self }
        return .ipv6(IPv6Address(high: address.high, low: 1))
    }
}
