import Synchronization

/// Counts what goes on at the control port.
final class ControlFigures: Sendable {
    struct Counts: Sendable {
        /// Sessions that there are.
        var sessions = 0
        /// Commands that were carried out, by the code of their reply.
        var commands: [Int: UInt64] = [:]
    }

    private let state = Mutex(Counts())

    /// What was counted so far.
    var counts: Counts { self.state.withLock { $0 } }

    func enter() { self.state.withLock { $0.sessions += 1 } }

    func leave() { self.state.withLock { $0.sessions -= 1 } }

    /// Counts a command by its reply.
    func count(_ code: Int) { self.state.withLock { $0.commands[code, default: 0] &+= 1 } }
}
