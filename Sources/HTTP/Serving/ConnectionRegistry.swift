package import NIOCore
internal import Synchronization
package import Wire

/// Knows which connections there are, and lets no more of them in than there may be.
package final class ConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var counts: [IPAddress: Int] = [:]
        var isEnding = false
    }

    private let most: Int
    private let mostOfOne: Int
    private let proxies: Set<IPAddress>
    private let state = Mutex(State())

    /// Creates one without connections.
    ///
    /// - Parameters:
    ///   - most: Connections in all.
    ///   - mostOfOne: Connections from one address, or from one IPv6 network of 64 bits.
    ///   - proxies: Addresses that may have as many connections as there are.
    package init(most: Int, ofOne mostOfOne: Int, proxies: Set<IPAddress> = []) {
        self.most = most
        self.mostOfOne = mostOfOne
        self.proxies = proxies
    }

    convenience init(_ limits: HTTPLimits) {
        self.init(most: limits.connections, ofOne: limits.connectionsOfOne, proxies: limits.proxies)
    }

    /// Whether the server ends, so that connections are not kept for further requests.
    package var isEnding: Bool { self.state.withLock { $0.isEnding } }

    /// How many connections there are.
    package var count: Int { self.state.withLock { $0.channels.count } }

    /// Notes a connection, if it may be.
    package func admit(_ channel: any Channel, from client: IPAddress?) -> Bool {
        let source = client.flatMap(self.counted)
        return self.state.withLock { state in
            guard !state.isEnding, state.channels.count < self.most else { return false }
            if let source {
                let count = state.counts[source, default: 0]
                guard count < self.mostOfOne else { return false }
                state.counts[source] = count + 1
            }
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
    }

    /// Forgets a connection that was let in.
    package func leave(_ channel: any Channel, from client: IPAddress?) {
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
    package func end() -> [any Channel] {
        self.state.withLock { state in
            state.isEnding = true
            return Array(state.channels.values)
        }
    }

    /// What connections from an address are counted by; nil when it may have as many as there are.
    private func counted(_ client: IPAddress) -> IPAddress? {
        self.proxies.contains(client) ? nil : client.network
    }
}
