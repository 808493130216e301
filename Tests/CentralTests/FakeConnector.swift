import Synchronization
import Wire

@testable import Central

/// Daemons without a network: each PoP answers from a script, or fails.
final class FakeConnector: DaemonConnector {
    /// What a PoP does.
    enum Script: Sendable {
        case well
        case fails(ConnectionFailure)

        /// Takes everything and reports nonsense.
        case cannotReport

        /// Takes everything and reports this.
        case reports(String)

        /// Takes a push, and cannot save what is confirmed.
        case cannotSave

        /// Takes a push, and cannot be reached any more.
        case lostAfterPush

        /// These tunnels go down with the first push.
        case breaks(Set<String>)

        /// The same, and it refuses to take the push back.
        case breaksForGood(Set<String>)
    }

    let scripts: Mutex<[Int: Script]>
    let daemons = Mutex<[Int: FakeDaemon.State]>([:])

    /// How many conversations were under way at once, at most.
    let peak = Mutex((current: 0, most: 0))

    init(_ scripts: [Int: Script] = [:]) { self.scripts = Mutex(scripts) }

    func converse<Answer: Sendable>(
        with pop: PoP,
        _ conversation: @escaping @Sendable (any DaemonSession) throws(ConnectionFailure) -> Answer
    ) async throws(ConnectionFailure) -> Answer {
        self.peak.withLock { peak in
            peak.current += 1
            peak.most = max(peak.most, peak.current)
        }
        defer { self.peak.withLock { $0.current -= 1 } }
        try? await Task.sleep(for: .milliseconds(5))
        guard !Task.isCancelled else { throw .cancelled }
        let script = self.scripts.withLock { $0[pop.id] ?? .well }
        if case .fails(let failure) = script { throw failure }
        let state = self.daemons.withLock { $0[pop.id] ?? FakeDaemon.State() }
        if case .lostAfterPush = script, state.confirmed != nil { throw .forwardingNotPermitted(pop.control) }
        let session = Session(state, script)
        defer { self.daemons.withLock { $0[pop.id] = session.state } }
        return try conversation(session)
    }

    private final class Session: DaemonSession {
        var state: FakeDaemon.State
        let script: Script

        init(_ state: FakeDaemon.State, _ script: Script) {
            self.state = state
            self.script = script
        }

        func nextReply(named name: String, within limit: Duration) throws(ConnectionFailure) -> ControlReply {
            throw .timedOut(.request(name), after: limit)
        }

        func request(
            _ octets: [UInt8],
            named name: String,
            upTo limit: ReplyLimit
        ) throws(ConnectionFailure) -> ControlReply {
            let text = String(decoding: octets, as: UTF8.self)
            let (line, body) = text.split(separator: "\n", maxSplits: 1).splitted
            if line.hasPrefix("config push ") {
                let words = line.split(separator: " ")
                switch self.script {
                case .breaks(let tunnels), .breaksForGood(let tunnels): self.state.down = tunnels
                default: break
                }
                return self.state.push(Int(words[2]) ?? 0, body, confirm: words.contains("confirm"))
            }
            if line.hasPrefix("config patch ") { return self.state.patch(line[...], body) }
            if line.hasPrefix("config diff ") { return self.difference(body) }
            if case .breaksForGood = self.script, line == "config rollback" {
                return ControlReply(500, "the old configuration cannot be read: input/output error")
            }
            if case .cannotSave = self.script, line.hasPrefix("config confirm ") {
                return ControlReply(500, "generation 1 could not be saved: no space left on device")
            }
            if case .cannotReport = self.script, line == "pop report" {
                return ControlReply(200, lines: ["{}"])
            }
            if case .reports(let text) = self.script, line == "pop report" {
                return ControlReply(200, lines: [text])
            }
            return self.state.reply(to: line)
        }

        private func difference(_ text: String) -> ControlReply {
            guard let new = try? Configuration(parsing: text, file: "diff"),
                let old = try? Configuration(parsing: self.state.text, file: "running")
            else { return ControlReply(400, "diff:1:1: expected a configuration") }
            return ControlReply(200, lines: new.differenceLines(from: old) + ["\(new.difference(from: old))"])
        }
    }
}

extension [Substring] {
    /// The first part and the second, as far as there are any.
    fileprivate var splitted: (String, String) {
        (self.first.map(String.init) ?? "", self.count > 1 ? String(self[1]) : "")
    }
}
