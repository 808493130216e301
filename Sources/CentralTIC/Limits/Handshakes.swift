internal import Synchronization
internal import Wire

/// How many handshakes of TLS are under way: each takes processor time and memory before anybody has shown who he is.
final class Handshakes: Sendable {
    private struct State {
        var count = 0
        var ofOne: [IPAddress: Int] = [:]
    }

    private let most: Int
    private let mostOfOne: Int
    private let state = Mutex(State())

    /// Creates one without handshakes.
    ///
    /// - Parameters:
    ///   - most: Handshakes in all.
    ///   - mostOfOne: Handshakes of one address, or of one IPv6 network of 64 bits.
    init(most: Int, ofOne mostOfOne: Int) {
        self.most = most
        self.mostOfOne = mostOfOne
    }

    /// How many there are.
    var count: Int { self.state.withLock { $0.count } }

    /// Begins one, if there may be another; whoever began one ends it.
    func begin(_ client: IPAddress?) -> Bool {
        let source = client?.network
        return self.state.withLock { state in
            guard state.count < self.most else { return false }
            if let source {
                let count = state.ofOne[source, default: 0]
                guard count < self.mostOfOne else { return false }
                state.ofOne[source] = count + 1
            }
            state.count += 1
            return true
        }
    }

    /// Ends one that was begun.
    func end(_ client: IPAddress?) {
        let source = client?.network
        self.state.withLock { state in
            state.count -= 1
            guard let source else { return }
            let count = state.ofOne[source, default: 0]
            state.ofOne[source] = count > 1 ? count - 1 : nil
        }
    }
}
