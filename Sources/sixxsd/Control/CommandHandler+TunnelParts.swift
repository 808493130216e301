import Core
import Foundation
import Wire

extension CommandHandler {
    /// Takes a word that names a tunnel: `T<n>`, a tid, or an address that routes to it.
    ///
    /// - Throws: ``Wire/Words/Failure`` without a word, ``Refusal`` when no tunnel has that name.
    func tunnel(_ words: inout Words) async throws -> (tid: TID, name: String) {
        let word = try words.next(expecting: "a tunnel: T<n>, a tid or an address that routes to it")
        let tid = await self.tid(named: word.text)
        let tunnels = await self.controller.state.configuration.tunnels
        guard let settings = tunnels.first(where: { $0.tid == tid }) else {
            throw Refusal(404, "no tunnel \"\(word.text)\"")
        }
        return (settings.tid, "\(settings.number)")
    }

    /// Takes a word that names whose errors are meant: a tunnel, or `uplink` for the PoP itself, which has no tid.
    ///
    /// - Throws: As ``tunnel(_:)``.
    func owner(_ words: inout Words) async throws -> (tid: TID?, name: String) {
        guard words.peek?.isKeyword("uplink") == true else { return try await self.tunnel(&words) }
        _ = words.next()
        return (nil, "uplink")
    }

    /// The tid that a word names, whether there is such a tunnel or not.
    func tid(named text: String) async -> TID? {
        if let number = try? TunnelNumber(parsing: text) {
            return await self.controller.state.configuration.tunnels.first { $0.number == number }?.tid
        }
        // As `tunnel show` prints it, too.
        let digits = text.lowercased().hasPrefix("0x") ? String(text.dropFirst(2)) : text
        if let tid = try? TID(parsing: digits) { return tid }
        guard let address = try? IPv6Address(parsing: text) else { return nil }
        switch AddressPlan(await self.controller.state.configuration).owner(of: address) {
        case .local(let tid), .remote(let tid), .unassigned(let tid), .routed(let tid): return tid
        case .daemon, .nobody, .external: return nil
        }
    }

    // MARK: - get

    func outerEndpoint(_ words: inout Words) async throws -> ControlReply {
        let (tid, name) = try await self.tunnel(&words)
        try words.end()
        guard let endpoint = await self.tunnelReport(of: [tid]).rows.first?.endpoint else {
            throw Refusal(404, "where the end of \(name) is, is not known now")
        }
        return ControlReply(200, endpoint)
    }

    func errorPacket(_ words: inout Words) async throws -> ControlReply {
        let (tid, name) = try await self.owner(&words)
        let first = try words.next(expecting: "the name of an error, as tunnel show prints it")
        // Names of errors have blanks in them: the rest of the line is one name.
        let text = ([first] + words.rest()).map(\.text).joined(separator: " ")
        guard let kind = ErrorKind(named: text) else {
            let expected = "the name of an error, as tunnel show prints it"
            throw Words.Failure(column: first.column, expected: expected, found: "\"\(text)\"")
        }
        let samples = await self.mailboxes.perform { engine, _ in engine.errorSample(kind, of: tid) }
        guard let sample = ErrorSample(merging: samples.compactMap(\.self)) else {
            throw Refusal(404, "\(name) has had no error \"\(kind.name)\"")
        }
        return ControlReply(200, lines: sample.lines(kind))
    }

    // MARK: - set

    func setRemote(_ words: inout Words) async throws -> ControlReply {
        let (tid, name) = try await self.tunnel(&words)
        let column = words.peek?.column ?? 1
        let remote = try words.next(expecting: "an address on the internet") { text throws(SyntaxError) in
            let address = try IPAddress(parsing: text)
            return address.isReachableUnicast ? address : nil
        }
        try words.end()
        try await self.controller.perform { configuration in
            guard let index = configuration.tunnels.firstIndex(where: { $0.tid == tid }) else {
                throw Refusal(404, "no tunnel \(name)")
            }
            guard case .fixed = configuration.tunnels[index].remote else {
                let expected = "a static tunnel, since beats move a dynamic one"
                throw Words.Failure(column: column, expected: expected, found: name)
            }
            configuration.tunnels[index].remote = .fixed(remote)
        }
        return ControlReply(200, "\(name) has its end at \(remote)")
    }

    func resetErrors(_ words: inout Words) async throws -> ControlReply {
        if words.peek?.isKeyword("all") == true {
            _ = words.next()
            try words.end()
            let tids = await self.controller.state.configuration.tunnels.map(\.tid)
            _ = await self.mailboxes.perform { engine, _ in
                for tid in tids { engine.resetErrors(of: tid) }
                engine.resetErrors(of: nil)
            }
            return ControlReply(200, "errors of \(tids.count) tunnels and of the uplink reset")
        }
        let (tid, name) = try await self.owner(&words)
        try words.end()
        _ = await self.mailboxes.perform { engine, _ in engine.resetErrors(of: tid) }
        return ControlReply(200, "errors of \(name) reset")
    }
}

extension ErrorKind {
    /// The kind that has a name, in any case; nil when none has.
    init?(named name: String) {
        let lowered = name.lowercased()
        guard let kind = Self.allCases.first(where: { $0.name.lowercased() == lowered }) else { return nil }
        self = kind
    }
}

extension ErrorSample {
    private static let octetsInLine = 16

    /// What happened, and the packet's first octets in hexadecimal.
    fileprivate func lines(_ kind: ErrorKind) -> [String] {
        let time = Date(timeIntervalSince1970: TimeInterval(self.lastTime)).formatted(.iso8601)
        let head =
            "\(kind.name): \(self.count) times, last \(time) from \(self.source), \(self.length) octets, "
            + "the first \(self.octets.count):"
        let rows = stride(from: 0, to: self.octets.count, by: Self.octetsInLine).map { start in
            self.octets[start..<min(start + Self.octetsInLine, self.octets.count)]
                .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                .joined(separator: " ")
        }
        return [head] + rows
    }
}
