import Core
import LinuxIO
import Wire

/// Carries out the commands that show what becomes of packets: one that is given, or those that pass.
struct ExplainCommands: Sendable {
    let context: CommandContext

    /// Says what would become of a packet; nothing is sent or counted.
    func explain(_ words: inout Words) async throws -> ControlReply {
        let octets: [UInt8] = try words.next(expecting: "a packet as hexadecimal digits") { text in
            [UInt8](hexadecimal: text)
        }
        let origin = try await self.origin(&words)
        try words.end()
        let configuration = await self.context.controller.state.configuration
        let state = await self.context.mailboxes.first.perform { engine, _ in EngineState(of: &engine) }
        let now = Timestamp.now()
        var explainer = Explainer(EngineConfiguration(configuration), state: state, at: now)
        let entries = explainer.explain(octets, from: origin, at: now)
        guard !entries.isEmpty else { throw CommandRefusal(404, "the daemon would never see such a packet") }
        let way = await self.way(entries, outer: origin == .wire ? octets : nil)
        return ControlReply(200, lines: entries.map { "\($0.decision)" } + way)
    }

    /// Which way the packet would take; nothing where the kernel forwards none by itself.
    private func way(_ entries: [DecisionLogEntry], outer: [UInt8]?) async -> [String] {
        guard case .open = self.context.fastPath else { return [] }
        let way = ExplainedWay(entries, outer: outer)
        guard let tid = way.tid else { return [way.line(nil)] }
        let obstacle = await self.context.mailboxes.first.perform { engine, now in
            engine.snapshot(of: tid, at: now).obstacle
        }
        return [way.line(obstacle)]
    }

    /// Reads `from uplink|T<n>|<outer address>`; without it, the packet's own headers say.
    private func origin(_ words: inout Words) async throws -> Explainer.Origin {
        guard !words.isAtEnd else { return .wire }
        try words.nextKeyword(of: ["from": ()])
        let expected = "uplink, a tunnel or an outer address"
        let word = try words.next(expecting: expected)
        if word.isKeyword("uplink") { return .uplink }
        if let address = try? IPAddress(parsing: word.text) { return .underlay(address) }
        guard let tid = await self.context.tid(named: word.text) else {
            throw CommandRefusal(404, "no tunnel \"\(word.text)\"")
        }
        return .tunnel(tid)
    }

    // MARK: - Live

    func trace(_ words: inout Words) async throws -> CommandHandler.Answer {
        let (tid, name) = try await self.context.tunnel(&words)
        return .trace(try TraceRequest(tid, named: name, &words))
    }

    func debug(_ words: inout Words) async throws -> CommandHandler.Answer {
        let (tid, name) = try await self.context.tunnel(&words)
        let isOn = try words.nextKeyword(of: ["on": true, "off": false])
        try words.end()
        return isOn ? .debug(TraceRequest(debugging: tid, named: name)) : .endDebug(tid, name: name)
    }
}

extension [UInt8] {
    /// Reads pairs of hexadecimal digits; nil when the text is empty or anything else.
    init?(hexadecimal text: String) {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.utf8.count, !digits.isEmpty, digits.count.isMultiple(of: 2) else {
            return nil
        }
        self = stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}
