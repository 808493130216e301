internal import NIOCore
internal import Synchronization
internal import Wire

/// Knows which connections there are, and lets no more of them in than there may be.
final class ConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var counts: [IPAddress: Int] = [:]
        var isEnding = false
    }

    private let limits: HTTPLimits
    private let state = Mutex(State())

    init(_ limits: HTTPLimits) { self.limits = limits }

    /// Whether the server ends, so that connections are not kept for further requests.
    var isEnding: Bool { self.state.withLock { $0.isEnding } }

    /// How many connections there are.
    var count: Int { self.state.withLock { $0.channels.count } }

    /// Notes a connection, if it may be.
    func admit(_ channel: any Channel, from client: IPAddress?) -> Bool {
        let source = client.flatMap(self.counted)
        return self.state.withLock { state in
            guard !state.isEnding, state.channels.count < self.limits.connections else { return false }
            if let source {
                let count = state.counts[source, default: 0]
                guard count < self.limits.connectionsOfOne else { return false }
                state.counts[source] = count + 1
            }
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
    }

    /// Forgets a connection that was let in.
    func leave(_ channel: any Channel, from client: IPAddress?) {
        let source = client.flatMap(self.counted)
        self.state.withLock { state in
            guard state.channels.removeValue(forKey: ObjectIdentifier(channel)) != nil, let source else {
                return
            }
            let count = state.counts[source, default: 0]
            state.counts[source] = count > 1 ? count - 1 : nil
        }
    }

    /// Lets nobody in any more, and tells who is there.
    func end() -> [any Channel] {
        self.state.withLock { state in
            state.isEnding = true
            return Array(state.channels.values)
        }
    }

    /// What connections from an address are counted by; nil when it may have as many as there are.
    private func counted(_ client: IPAddress) -> IPAddress? {
        guard !self.limits.proxies.contains(client) else { return nil }
        // Whoever has an address of IPv6 has 2^64 of them.
        guard case .ipv6(let address) = client else { return client }
        return .ipv6(IPv6Address(high: address.high, low: 0))
    }
}
