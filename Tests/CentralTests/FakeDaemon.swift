import Foundation
import Synchronization
import Wire

/// A control port that answers as a daemon does, or as a broken one does.
final class FakeDaemon: Sendable {
    /// What is wrong with it.
    enum Behaviour: Sendable {
        case well

        /// Accepts connections and says nothing.
        case silent

        /// Greets, and never answers.
        case deaf

        /// Answers one octet at a time, too slowly.
        case dripping

        /// Greets like a mail server.
        case mailServer

        /// Answers what is no reply.
        case babbling

        /// Reports a value nested so many times.
        case nesting(Int)

        /// Refuses every configuration.
        case refusing

        /// Acknowledges a configuration and runs another.
        case lying

        /// Ends the connection in the middle of a push.
        case cutting

        /// The same, with a reset.
        case resetting
    }

    /// What it runs.
    struct State: Sendable {
        var generation = 0
        var digest = Configuration.sha256(of: Configuration().canonicalText.utf8)
        var text = ""
        var pushes = 0
        var patches = 0
        var instance = String(repeating: "ab", count: 16)

        /// What comes back unless the present configuration is confirmed; nil when it is.
        var confirmed: Kept?

        /// Tunnels that are down, as `T12`.
        var down: Set<String> = []

        /// Where every tunnel ends.
        var endpoint = "198.51.100.7:5072"

        /// What every tunnel counted.
        var inBytes = 2000
        var errors = 3

        /// What is wrong in its kernel, as JSON.
        var faults = "[]"

        /// What else it answers, by the line.
        var replies: [String: ControlReply] = [:]
        var time = Int(Date().timeIntervalSince1970)

        struct Kept: Sendable {
            let generation: Int
            let digest: String
            let text: String
        }

        mutating func push(_ generation: Int, _ text: String, confirm: Bool) -> ControlReply {
            self.pushes += 1
            let isSame = self.digest == Configuration.sha256(of: text.utf8)
            let before = Kept(generation: self.generation, digest: self.digest, text: self.text)
            self.confirmed = confirm ? self.confirmed ?? before : nil
            self.generation = generation
            self.digest = Configuration.sha256(of: text.utf8)
            self.text = text
            let words = isSame ? "unchanged" : "applied: tunnels +1 ~0 -0, subnets +0 ~0 -0"
            return ControlReply(200, "generation \(generation) \(words)")
        }

        /// Takes `config patch <bytes> <sha256> from <sha256> to <sha256>` and its lines.
        mutating func patch(_ line: Substring, _ text: String) -> ControlReply {
            let words = line.split(separator: " ")
            guard words.count >= 8, words[5] == self.digest, self.confirmed == nil,
                let old = try? Configuration(parsing: self.text, file: "running"),
                let patch = try? ConfigurationPatch(parsing: Array(text.utf8))
            else { return ControlReply(409, "refused, since it was made for another configuration") }
            let new = patch.applied(to: old)
            guard new.digest == words[7] else {
                return ControlReply(409, "refused, since it leads elsewhere")
            }
            self.patches += 1
            (self.text, self.digest) = (new.canonicalText, new.digest)
            return ControlReply(200, "patch applied: \(new.difference(from: old))")
        }

        mutating func confirm(_ generation: Int) -> ControlReply {
            guard self.confirmed != nil, self.generation == generation else {
                return ControlReply(404, "generation \(generation) is not waiting for confirmation")
            }
            self.confirmed = nil
            return ControlReply(200, "generation \(generation) confirmed")
        }

        mutating func rollBack() -> ControlReply {
            guard let kept = self.confirmed else { return ControlReply(404, "nothing to take back") }
            (self.generation, self.digest, self.text) = (kept.generation, kept.digest, kept.text)
            self.confirmed = nil
            return ControlReply(200, "rolled back: generation \(kept.generation) is running again")
        }

        mutating func reply(to line: String) -> ControlReply {
            switch line {
            case "config digest":
                let running = "generation \(self.generation) sha256 \(self.digest)"
                return ControlReply(200, "\(running) applied 2026-11-24T23:00:00Z")
            case "config rollback": return self.rollBack()
            case "pop report": return ControlReply(200, lines: [FakeDaemon.report(self)])
            case _ where line.hasPrefix("config confirm "):
                return self.confirm(Int(line.dropFirst("config confirm ".count)) ?? -1)
            default: return self.replies[line] ?? ControlReply(404, "unknown command \"\(line)\"")
            }
        }
    }

    let state: Mutex<State>
    private let behaviour: Behaviour
    private let server: Mutex<LoopbackServer?>

    init(_ behaviour: Behaviour = .well) throws {
        self.behaviour = behaviour
        self.state = Mutex(State())
        self.server = Mutex(nil)
        let server = try LoopbackServer { [weak self] connection in self?.serve(connection) }
        self.server.withLock { $0 = server }
    }

    var port: UInt16 { self.server.withLock { $0?.port ?? 0 } }

    func stop() { self.server.withLock { $0 = nil } }

    private func serve(_ connection: LoopbackServer.Connection) {
        switch self.behaviour {
        case .silent: while connection.read() != nil {}
        case .mailServer: connection.write(Array("EHLO mail.example.net ready\n".utf8))
        default: connection.write(ControlReply(200, "chtst01 sixxsd 0.1.0").encoded)
        }
        var framer = ControlFramer(maximumLineLength: 4096)
        while true {
            while case .line(let line)? = framer.nextLine() {
                guard self.answer(line, &framer, connection) else { return }
            }
            guard let octets = connection.read() else { return }
            framer.append(octets)
        }
    }

    private func answer(
        _ line: String,
        _ framer: inout ControlFramer,
        _ connection: LoopbackServer.Connection
    ) -> Bool {
        switch self.behaviour {
        case .deaf: return true
        case .babbling: return connection.write(Array("hello there\n".utf8))
        case .dripping:
            for octet in "200 generation 0 sha256 \(self.state.withLock(\.digest)) applied never\n".utf8 {
                guard connection.write([octet]) else { return false }
                usleepMilliseconds(40)
            }
            return true
        default: break
        }
        if case .nesting(let depth) = self.behaviour, line == "pop report" {
            return connection.write(
                ControlReply(200, lines: [String(repeating: "[", count: depth)]).encoded
            )
        }
        if line.hasPrefix("config push ") { return self.push(line, &framer, connection) }
        return connection.write(self.reply(to: line).encoded)
    }

    private func push(
        _ line: String,
        _ framer: inout ControlFramer,
        _ connection: LoopbackServer.Connection
    ) -> Bool {
        let words = line.split(separator: " ")
        guard words.count >= 5, let generation = Int(words[2]), let count = Int(words[3]) else {
            return false
        }
        switch self.behaviour {
        case .cutting:
            connection.shut()
            return false
        case .resetting:
            connection.abort()
            return false
        default: break
        }
        while true {
            if let body = framer.nextBody(count: count) {
                let text = String(decoding: body, as: UTF8.self)
                return connection.write(
                    self.apply(generation, text, String(words[4]), confirm: words.contains("confirm")).encoded
                )
            }
            guard let octets = connection.read() else { return false }
            framer.append(octets)
        }
    }

    private func apply(_ generation: Int, _ text: String, _ digest: String, confirm: Bool) -> ControlReply {
        if case .refusing = self.behaviour {
            return ControlReply(400, "push:12:9: expected an MTU from 1280 to 1480, found \"9000\"")
        }
        guard digest == Configuration.sha256(of: text.utf8),
            (try? Configuration(parsing: text, file: "push")) != nil
        else { return ControlReply(400, "push:1:1: expected a configuration, found something else") }
        return self.state.withLock { state in
            if case .lying = self.behaviour {
                state.pushes += 1
                return ControlReply(200, "generation \(generation) applied")
            }
            return state.push(generation, text, confirm: confirm)
        }
    }

    private func reply(to line: String) -> ControlReply { self.state.withLock { $0.reply(to: line) } }

    /// What a centre believes of a report whose tunnels are all the PoP's own.
    static func received(_ state: State) throws -> ReceivedReport {
        let configuration = try? Configuration(parsing: state.text, file: "report")
        let expectation = ReportExpectation(
            popID: configuration?.pop.ownDetails?.id ?? 1,
            popName: configuration?.pop.ownDetails?.name ?? "chtst01",
            tunnels: Set((configuration?.tunnels ?? []).map(\.number)),
            now: Int64(Date().timeIntervalSince1970)
        )
        return try ReceivedReport(parsing: Array(Self.report(state).utf8), expecting: expectation)
    }

    /// A report with a row for each tunnel that it runs.
    static func report(_ state: State) -> String {
        let configuration = try? Configuration(parsing: state.text, file: "report")
        let tunnels = configuration?.tunnels ?? []
        let pop = configuration?.pop.ownDetails.map { "{\"id\":\($0.id),\"name\":\"\($0.name)\"}" } ?? "null"
        let rows = tunnels.map { tunnel in
            let isDown = state.down.contains("\(tunnel.number)")
            return Self.row(
                "\(tunnel.number)",
                tunnel.state == .up ? isDown ? "down" : "up" : "disabled",
                state
            )
        }
        return """
            {"instance":"\(state.instance)","version":"0.1.0","uptime":4242,"hostUptime":99999,"time":\(state.time),\
            "pop":\(pop),"generation":\(state.generation),"digest":"\(state.digest)",\
            "totals":{"online":1,"active":1,"configured":2,"rxPackets":10,"rxBytes":1000,"txPackets":20,"txBytes":2000},\
            "kernel":{"mended":{"route":2},"faults":\(state.faults)},"tunnels":[\(rows.joined(separator: ","))]}
            """
    }

    private static func row(_ tunnel: String, _ word: String, _ state: State) -> String {
        """
        {"tunnel":"\(tunnel)","tid":"0","state":"\(word)","type":"ayiya","endpoint":"\(state.endpoint)","mtu":1428,\
        "inPackets":20,"inBytes":\(state.inBytes),"outPackets":10,"outBytes":1000,"lastIn":1800000000,"lastOut":null,\
        "lastBeat":null,"latency":{"sent":3,"received":3,"lossPercent":0,"minMs":1.5,"avgMs":2.5,"maxMs":3.5},\
        "errors":{"Clock Off":\(state.errors)}}
        """
    }
}

/// Holds the thread up.
func usleepMilliseconds(_ milliseconds: UInt32) {
    usleep(milliseconds * 1000)
}
