package import NIOCore
internal import Synchronization
package import Wire

/// Knows which connections there are, and lets no more of them in than there may be.
package final class ConnectionRegistry: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var counts: NetworkCounts
        var isEnding = false
    }

    private let most: Int
    private let proxies: Set<IPAddress>
    private let state: Mutex<State>

    /// Creates one without connections.
    ///
    /// - Parameters:
    ///   - most: Connections in all.
    ///   - mostOfOne: Connections from one address, or from one IPv6 network of 64 bits.
    ///   - proxies: Addresses that may have as many connections as there are.
    package init(most: Int, ofOne mostOfOne: Int, proxies: Set<IPAddress> = []) {
        self.most = most
        self.proxies = proxies
        self.state = Mutex(State(counts: NetworkCounts(mostOfOne: mostOfOne)))
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
            if let source, !state.counts.add(source) { return false }
            state.channels[ObjectIdentifier(channel)] = channel
            return true
        }
    }

    /// Forgets a connection that was let in.
    package func leave(_ channel: any Channel, from client: IPAddress?) {
        let source = client.flatMap(self.counted)
        self.state.withLock { state in
            let isKnown = state.channels.removeValue(forKey: ObjectIdentifier(channel)) != nil
            if isKnown, let source { state.counts.remove(source) }
        }
    }

    /// Lets nobody in any more, and tells who is there.
    package func end() -> [any Channel] {
        self.state.withLock { state in
            state.isEnding = true
            return Array(state.channels.values)
        }
    }

    /// Ends as ``end()`` does: tells every connection, closes what is left of them after a while, and waits until none is.
    package func endAll(within limit: Duration) async {
        let channels = self.end()
        for channel in channels {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        let timers = channels.map { channel in
            channel.eventLoop.scheduleTask(in: TimeAmount(limit)) { channel.close(promise: nil) }
        }
        for channel in channels { try? await channel.closeFuture.get() }
        for timer in timers { timer.cancel() }
    }

    /// By whom connections from an address are counted; nil when it may have as many as there are.
    private func counted(_ client: IPAddress) -> IPAddress? { self.proxies.contains(client) ? nil : client }
}
