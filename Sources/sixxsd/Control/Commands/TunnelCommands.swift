import Core
import Foundation
import Wire

/// Carries out the commands of menu `tunnel`.
struct TunnelCommands: Sendable {
    let context: CommandContext

    func perform(_ path: String, _ words: Words) async throws -> ControlReply {
        var words = words
        switch path {
        case "tunnel show": return try await self.showTunnel(&words)
        case "tunnel list": return try await self.listTunnels(&words)
        case "tunnel stats": return try await self.stats(&words)
        case "tunnel get outer_endpoint": return try await self.outerEndpoint(&words)
        case "tunnel get errorpacket": return try await self.errorPacket(&words)
        case "tunnel set remote": return try await self.setRemote(&words)
        case "tunnel reseterrors": return try await self.resetErrors(&words)
        default: return ControlReply(404, "unknown command \"\(path)\"")
        }
    }

    // MARK: - show

    private func showTunnel(_ words: inout Words) async throws -> ControlReply {
        let (tid, name) = try await self.context.owner(&words)
        try words.end()
        guard let tid else {
            return ControlReply(
                200,
                lines: await self.context.uplink().details(await self.context.controller.state.configuration)
            )
        }
        guard let row = await self.context.tunnelReport(of: [tid]).rows.first else {
            throw CommandRefusal(404, "no tunnel \(name)")
        }
        return ControlReply(200, lines: row.details(self.context.fastPath))
    }

    // MARK: - list

    private func listTunnels(_ words: inout Words) async throws -> ControlReply {
        let selection = try Selection(&words)
        let table = await self.context.tunnelReport()
        var lines = table.rows.filter(selection.takes).map(\.listLine)
        if selection.takes(table.uplink) {
            lines.append(table.uplink.listLine(await self.context.controller.state.configuration))
        }
        return ControlReply(200, lines: lines)
    }

    /// Which lines of the list are wanted.
    fileprivate enum Selection {
        case all
        case debugged
        case faulty
        case faultyBy(ErrorKind)
    }

    // MARK: - stats

    private func stats(_ words: inout Words) async throws -> ControlReply {
        var isReset = false
        if !words.isAtEnd {
            try words.nextKeyword(of: ["reset": ()])
            isReset = true
        }
        try words.end()
        let table = await self.context.tunnelReport(resettingStatistics: isReset)
        return ControlReply(200, lines: Self.stats(table))
    }

    private static func stats(_ table: TunnelReport) -> [String] {
        let sums = ["total \(table.total.statsText)", "uplink \(table.uplink.traffic.statsText)"]
        let rows = table.rows.filter { row in
            row.snapshot.traffic.ingress.packets > 0 || row.snapshot.traffic.egress.packets > 0
        }
        return sums
            + rows.map { row in
                "\(row.settings.number) \(row.snapshot.traffic.statsText) \(row.snapshot.latency.statsText)"
            }
    }

    // MARK: - get

    private func outerEndpoint(_ words: inout Words) async throws -> ControlReply {
        let (tid, name) = try await self.context.tunnel(&words)
        try words.end()
        guard let endpoint = await self.context.tunnelReport(of: [tid]).rows.first?.endpoint else {
            throw CommandRefusal(404, "where the end of \(name) is, is not known yet")
        }
        return ControlReply(200, endpoint)
    }

    private func errorPacket(_ words: inout Words) async throws -> ControlReply {
        let (tid, name) = try await self.context.owner(&words)
        let first = try words.next(expecting: "the name of an error, as tunnel show prints it")
        // Names of errors have blanks in them: the rest of the line is one name.
        let text = ([first] + words.rest()).map(\.text).joined(separator: " ")
        guard let kind = ErrorKind(named: text) else {
            let expected = "the name of an error, as tunnel show prints it"
            throw Words.Failure(column: first.column, expected: expected, found: "\"\(text)\"")
        }
        let samples = await self.context.mailboxes.perform { engine, _ in engine.errorSample(kind, of: tid) }
        guard let sample = ErrorSample(merging: samples.compactMap(\.self)) else {
            throw CommandRefusal(404, "\(name) has had no error \"\(kind.name)\"")
        }
        return ControlReply(200, lines: sample.lines(kind))
    }

    // MARK: - set

    private func setRemote(_ words: inout Words) async throws -> ControlReply {
        let (tid, name) = try await self.context.tunnel(&words)
        let column = words.peek?.column ?? 1
        let remote = try words.next(expecting: "an address on the internet") { text throws(SyntaxError) in
            let address = try IPAddress(parsing: text)
            return address.isReachableUnicast ? address : nil
        }
        try words.end()
        try await self.context.controller.perform { configuration in
            guard let index = configuration.tunnels.firstIndex(where: { $0.tid == tid }) else {
                throw CommandRefusal(404, "no tunnel \(name)")
            }
            guard case .fixed = configuration.tunnels[index].remote else {
                let expected = "a static tunnel, since beats move a dynamic one"
                throw Words.Failure(column: column, expected: expected, found: name)
            }
            configuration.tunnels[index].remote = .fixed(remote)
        }
        return ControlReply(200, "\(name) has its end at \(remote)")
    }

    private func resetErrors(_ words: inout Words) async throws -> ControlReply {
        if words.peek?.isKeyword("all") == true {
            _ = words.next()
            try words.end()
            let tids = await self.context.controller.state.configuration.tunnels.map(\.tid)
            _ = await self.context.mailboxes.perform { engine, _ in
                for tid in tids { engine.resetErrors(of: tid) }
                engine.resetErrors(of: nil)
            }
            return ControlReply(200, "errors of \(tids.count.counted("tunnel")) and of the uplink reset")
        }
        let (tid, name) = try await self.context.owner(&words)
        try words.end()
        _ = await self.context.mailboxes.perform { engine, _ in engine.resetErrors(of: tid) }
        return ControlReply(200, "errors of \(name) reset")
    }
}

extension TunnelCommands.Selection {
    fileprivate init(_ words: inout Words) throws(Words.Failure) {
        guard let first = words.next() else {
            self = .all
            return
        }
        let keywords: [(String, Self)] = [("all", .all), ("debugonly", .debugged), ("erroronly", .faulty)]
        if let keyword = keywords.first(where: { first.isKeyword($0.0) }) {
            try words.end()
            self = keyword.1
            return
        }
        // Names of errors have blanks in them: the rest of the line is one name.
        let text = ([first] + words.rest()).map(\.text).joined(separator: " ")
        let name = text.lowercased()
        guard name.hasPrefix("err="), let kind = ErrorKind(named: String(name.dropFirst(4))) else {
            let expected = "all, debugonly, erroronly or err=<name of an error>"
            throw Words.Failure(column: first.column, expected: expected, found: "\"\(text)\"")
        }
        self = .faultyBy(kind)
    }

    fileprivate func takes(_ row: TunnelReport.Row) -> Bool {
        switch self {
        case .all: true
        case .debugged: row.snapshot.isTraced
        case .faulty: row.errorCount > 0
        case .faultyBy(let kind): row.snapshot.errors.contains { $0.kind == kind }
        }
    }

    /// Whether the PoP itself has a line: only where it has errors, since the list is of tunnels.
    fileprivate func takes(_ uplink: UplinkSnapshot) -> Bool {
        switch self {
        case .all, .faulty: uplink.errorCount > 0
        case .debugged: false
        case .faultyBy(let kind): uplink.errors.contains { $0.kind == kind }
        }
    }
}

extension TrafficCounters {
    /// `<in bytes> <out bytes> <in packets> <out packets>`.
    fileprivate var statsText: String {
        "\(self.ingress.octets) \(self.egress.octets) \(self.ingress.packets) \(self.egress.packets)"
    }
}

extension LatencyRecord {
    /// `<sent> <received> <loss %> <min> <avg> <max>`, times in milliseconds with two decimals, -1 when none.
    var statsText: String {
        let loss = self.lossPercent.map(Self.twoDecimals) ?? "-1"
        return "\(self.sent) \(self.received) \(loss) \(self.milliseconds(self.minimum))"
            + " \(self.milliseconds(self.average)) \(self.milliseconds(self.maximum))"
    }

    func milliseconds(_ microseconds: UInt64) -> String {
        self.received == 0 ? "-1" : Self.twoDecimals(Double(microseconds) / 1000)
    }

    static func twoDecimals(_ value: Double) -> String {
        String(format: "%.2f", value)
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
            "\(kind.name): \(self.count.counted("time")), last \(time) from \(self.source), \(Int(self.length).counted("octet")), "
            + "the first \(self.octets.count):"
        let rows = stride(from: 0, to: self.octets.count, by: Self.octetsInLine).map { start in
            self.octets[start..<min(start + Self.octetsInLine, self.octets.count)]
                .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                .joined(separator: " ")
        }
        return [head] + rows
    }
}
