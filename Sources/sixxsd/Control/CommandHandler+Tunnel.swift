import Core
import Foundation
import Wire

extension CommandHandler {
    func performTunnel(_ path: String, _ words: Words) async throws -> ControlReply {
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
        let (tid, name) = try await self.owner(&words)
        try words.end()
        guard let tid else {
            return ControlReply(
                200,
                lines: await self.uplink().details(await self.controller.state.configuration)
            )
        }
        guard let row = await self.tunnelReport(of: [tid]).rows.first else {
            throw Refusal(404, "no tunnel \(name)")
        }
        return ControlReply(200, lines: row.details)
    }

    // MARK: - list

    private func listTunnels(_ words: inout Words) async throws -> ControlReply {
        let selection = try Selection(&words)
        let table = await self.tunnelReport()
        var lines = table.rows.filter(selection.takes).map(\.listLine)
        if selection.takes(table.uplink) {
            lines.append(table.uplink.listLine(await self.controller.state.configuration))
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
        let table = await self.tunnelReport(resettingStatistics: isReset)
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
}

extension CommandHandler.Selection {
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
