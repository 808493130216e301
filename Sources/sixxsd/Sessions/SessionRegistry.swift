import Synchronization

/// Counts what all control sessions take together.
final class SessionRegistry: Sendable {
    private struct Counts {
        var sessions: [Door: Int] = [:]
        var texts = 0
    }

    /// How a session came in; each has its own limit, so that a flood on one leaves the other free.
    enum Door: Hashable, Sendable {
        case tcp
        case unixSocket
    }

    private let limits: SessionLimits
    private let counts = Mutex(Counts())

    init(_ limits: SessionLimits) {
        self.limits = limits
    }

    /// Lets a session in if there is room.
    func enter(_ door: Door) -> Bool {
        self.counts.withLock { counts in
            let count = counts.sessions[door, default: 0]
            guard count < self.limits.sessions else { return false }
            counts.sessions[door] = count + 1
            return true
        }
    }

    func leave(_ door: Door) {
        self.counts.withLock { $0.sessions[door, default: 0] -= 1 }
    }

    /// Lets a text be sent if there is room for it.
    func beginText() -> Bool {
        self.counts.withLock { counts in
            guard counts.texts < self.limits.texts else { return false }
            counts.texts += 1
            return true
        }
    }

    func endText() { self.counts.withLock { $0.texts -= 1 } }
}
