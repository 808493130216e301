internal import HTTP
internal import Synchronization
internal import Wire

/// How many handshakes of TLS are under way: each takes processor time and memory before anybody has shown who he is.
final class Handshakes: Sendable {
    private struct State {
        var count = 0
        var ofOne: NetworkCounts
    }

    private let most: Int
    private let state: Mutex<State>

    /// Creates one without handshakes.
    ///
    /// - Parameters:
    ///   - most: Handshakes in all.
    ///   - mostOfOne: Handshakes of one address, or of one IPv6 network of 64 bits.
    init(most: Int, ofOne mostOfOne: Int) {
        self.most = most
        self.state = Mutex(State(ofOne: NetworkCounts(mostOfOne: mostOfOne)))
    }

    /// How many there are.
    var count: Int { self.state.withLock { $0.count } }

    /// Begins one, if there may be another; whoever began one ends it.
    func begin(_ client: IPAddress?) -> Bool {
        self.state.withLock { state in
            guard state.count < self.most else { return false }
            if let client, !state.ofOne.add(client) { return false }
            state.count += 1
            return true
        }
    }

    /// Ends one that was begun.
    func end(_ client: IPAddress?) {
        self.state.withLock { state in
            state.count -= 1
            if let client { state.ofOne.remove(client) }
        }
    }
}
