internal import Synchronization
package import Wire

/// Counts what the TIC server did, for those who watch it.
package final class TICFigures: Sendable {
    /// What became of an attempt to log in, as metrics call it.
    enum Outcome: String, CaseIterable {
        case accepted
        case refused
        case failed
    }

    private struct State {
        var logins: [Outcome: UInt64] = [:]
        var connections: UInt64 = 0
        var turnedAway: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    func count(_ outcome: Outcome) { self.state.withLock { $0.logins[outcome, default: 0] &+= 1 } }

    func countConnection(isAdmitted: Bool) {
        self.state.withLock { state in
            if isAdmitted { state.connections &+= 1 } else { state.turnedAway &+= 1 }
        }
    }

    /// How many attempts ended so.
    func logins(_ outcome: Outcome) -> UInt64 { self.state.withLock { $0.logins[outcome] ?? 0 } }

    /// Writes what was counted.
    package func write(to exposition: inout Exposition) {
        let state = self.state.withLock {
            State(logins: $0.logins, connections: $0.connections, turnedAway: $0.turnedAway)
        }
        exposition.family("sixxs_tic_logins_total", .counter, "Attempts of clients to log in (TIC).") {
            samples in
            for outcome in Outcome.allCases {
                samples.add(["outcome": outcome.rawValue], state.logins[outcome] ?? 0)
            }
        }
        exposition.family("sixxs_tic_connections_total", .counter, "Connections of clients (TIC).") {
            samples in
            samples.add(["admitted": "true"], state.connections)
            samples.add(["admitted": "false"], state.turnedAway)
        }
    }
}
