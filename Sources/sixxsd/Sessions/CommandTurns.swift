import Synchronization

/// Says whose turn it is with commands that take long or say much.
///
/// Each user has a few at once, from their beginning until the kernel has the reply: what is held for those who don't read grows
/// with users, not with sessions. The rest wait in a line of that user's own, and users take turns; root and the daemon's own
/// user wait for nobody else.
final class CommandTurns: Sendable {
    private typealias Waiting = (number: UInt64, continuation: CheckedContinuation<Void, any Error>)

    /// What one user has.
    private struct Line {
        let isOwner: Bool
        /// Begun, and not handed to the kernel yet.
        var begun = 0
        var waiting: [Waiting] = []
    }

    private struct State {
        var lines: [Guest.Name: Line] = [:]
        /// Users with somebody waiting, whose turn is next first.
        var order: [Guest.Name] = []
        /// At work, of all but owners.
        var working = 0
        var count: UInt64 = 0
    }

    private let limits: SessionLimits
    private let state = Mutex(State())

    init(_ limits: SessionLimits) {
        self.limits = limits
    }

    /// How many wait for their turn.
    var waiting: Int {
        self.state.withLock { state in state.lines.values.reduce(0) { $0 + $1.waiting.count } }
    }

    /// Waits for the user's turn; to be followed by ``endWork(_:)`` and ``endReply(_:)``.
    ///
    /// - Throws: `CancellationError` when it is not waited for any more.
    func begin(_ guest: Guest) async throws {
        let number = self.state.withLock { state in
            state.count += 1
            return state.count
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (continuation: CheckedContinuation<Void, any Error>) in
                self.change { state in
                    // Else it was cancelled before it could be found in the line.
                    guard !Task.isCancelled else {
                        return [{ continuation.resume(throwing: CancellationError()) }]
                    }
                    state.lines[guest.name, default: Line(isOwner: guest.isOwner)].waiting.append(
                        (number, continuation)
                    )
                    if !state.order.contains(guest.name) { state.order.append(guest.name) }
                    return []
                }
            }
        } onCancel: {
            self.change { state in
                guard let index = state.lines[guest.name]?.waiting.firstIndex(where: { $0.number == number })
                else { return [] }
                let waiting = state.lines[guest.name]?.waiting.remove(at: index)
                return [{ waiting?.continuation.resume(throwing: CancellationError()) }]
            }
        }
    }

    /// Notes that the reply is made.
    func endWork(_ guest: Guest) {
        self.change { state in
            state.working -= guest.isOwner ? 0 : 1
            return []
        }
    }

    /// Notes that the kernel has the reply, or that nobody will.
    func endReply(_ guest: Guest) {
        self.change { state in
            state.lines[guest.name]?.begun -= 1
            return []
        }
    }

    /// Changes something, and lets those begin whose turn it is then.
    private func change(_ body: (inout State) -> [@Sendable () -> Void]) {
        let resumptions = self.state.withLock { state in
            let resumptions = body(&state)
            return resumptions + self.next(&state)
        }
        for resume in resumptions { resume() }
    }

    /// Takes those out of their lines who can begin.
    private func next(_ state: inout State) -> [@Sendable () -> Void] {
        var resumptions: [@Sendable () -> Void] = []
        var kept: [Guest.Name] = []
        var isOver = false
        while !isOver {
            isOver = true
            let order = state.order
            state.order = []
            kept = []
            for name in order {
                guard var line = state.lines[name], let first = line.waiting.first else { continue }
                guard line.begun < self.limits.largeCommandsOfOne,
                    line.isOwner || state.working < self.limits.largeCommandsAtWork
                else {
                    kept.append(name)
                    continue
                }
                line.begun += 1
                line.waiting.removeFirst()
                state.working += line.isOwner ? 0 : 1
                state.lines[name] = line
                resumptions.append { first.continuation.resume() }
                isOver = false
                // Behind all others who wait.
                if !line.waiting.isEmpty { state.order.append(name) }
            }
            state.order = kept + state.order
        }
        state.lines = state.lines.filter { $0.value.begun > 0 || !$0.value.waiting.isEmpty }
        return resumptions
    }
}
