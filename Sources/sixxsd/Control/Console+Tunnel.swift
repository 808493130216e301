import Core
import Foundation
import Wire

extension Console {
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
        let (tid, name) = try await self.tunnel(&words)
        try words.end()
        guard let row = await self.tunnelTable(of: [tid]).rows.first else {
            throw Refusal(404, "no tunnel \(name)")
        }
        return ControlReply(200, lines: row.details)
    }

    // MARK: - list

    private func listTunnels(_ words: inout Words) async throws -> ControlReply {
        let filter = try Self.filter(&words)
        let rows = await self.tunnelTable().rows.filter(filter)
        return ControlReply(200, lines: rows.map(\.listLine))
    }

    private static func filter(_ words: inout Words) throws(Words.Failure) -> (TunnelTable.Row) -> Bool {
        guard let first = words.next() else { return { _ in true } }
        if first.isKeyword("all") {
            try words.end()
            return { _ in true }
        }
        if first.isKeyword("debugonly") {
            try words.end()
            return { $0.snapshot.isTraced }
        }
        if first.isKeyword("erroronly") {
            try words.end()
            return { $0.errorCount > 0 }
        }
        // Names of errors have blanks in them: the rest of the line is one name.
        let text = ([first] + words.rest()).map(\.text).joined(separator: " ")
        let name = text.lowercased()
        guard name.hasPrefix("err="),
            let kind = ErrorKind(named: String(name.dropFirst(4)))
        else {
            let expected = "all, debugonly, erroronly or err=<name of an error>"
            throw Words.Failure(column: first.column, expected: expected, found: "\"\(text)\"")
        }
        return { row in row.snapshot.errors.contains { $0.kind == kind } }
    }

    // MARK: - stats

    private func stats(_ words: inout Words) async throws -> ControlReply {
        var isReset = false
        if !words.isAtEnd {
            try words.nextKeyword(of: ["reset": ()])
            isReset = true
        }
        try words.end()
        let table = await self.tunnelTable(resettingStatistics: isReset)
        return ControlReply(200, lines: Self.stats(table))
    }

    private static func stats(_ table: TunnelTable) -> [String] {
        let sums = ["total \(table.total.statsText)", "uplink \(table.uplink.statsText)"]
        let rows = table.rows.filter { row in
            row.snapshot.traffic.ingress.packets > 0 || row.snapshot.traffic.egress.packets > 0
        }
        return sums
            + rows.map { row in
                "\(row.settings.number) \(row.snapshot.traffic.statsText) \(row.snapshot.latency.statsText)"
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

    private func milliseconds(_ microseconds: UInt64) -> String {
        self.received == 0 ? "-1" : Self.twoDecimals(Double(microseconds) / 1000)
    }

    private static func twoDecimals(_ value: Double) -> String {
        String(format: "%.2f", value)
    }

    /// `12.34 / 13.00 / 15.10 ms, 1.00 % lost of 100`, for people.
    fileprivate var showText: String {
        guard self.received > 0 else { return "none (\(self.sent) sent)" }
        let times = [self.minimum, self.average, self.maximum].map(self.milliseconds).joined(separator: " / ")
        return "\(times) ms, \(self.lossPercent.map(Self.twoDecimals) ?? "-1") % lost of \(self.sent)"
    }
}

extension TunnelTable.Row {
    /// `T<n> <inner ::2> <outer> <state> <type> <mtu> <errors>`.
    fileprivate var listLine: String {
        "\(self.settings.number) \(self.remote) \(self.endpoint ?? "-") \(self.snapshot.condition)"
            + " \(self.travelType) \(self.settings.mtu) \(self.errorCount)"
    }

    /// `Name (24 wide): value` lines.
    fileprivate var details: [String] {
        let traffic = self.snapshot.traffic
        let settings: [(String, String)] = [
            ("Tunnel ID", "\(self.settings.number)"),
            ("TID", "\(self.settings.tid)"),
            ("Tunnel Debugging", self.snapshot.isTraced ? "on" : "off"),
            ("Inner Us", "\(self.local)"),
            ("Inner Them", "\(self.remote)"),
            ("Outer Us", self.localEndpoint ?? "-"),
            ("Outer Them", self.endpoint ?? "-"),
            ("MTU", "\(self.settings.mtu)"),
            ("Path MTU", self.snapshot.pathMTU.map(String.init) ?? "-"),
            ("Tunnel State", "\(self.snapshot.condition)"),
            ("Tunnel Type", self.travelType),
            ("Dynamic Tunnel", self.type == "direct" ? "no" : "yes"),
        ]
        let measured: [(String, String)] = [
            ("Last Heartbeat", Self.time(self.snapshot.lastTimes.beat)),
            ("Packet In", "\(traffic.ingress.packets)"),
            ("Packet Out", "\(traffic.egress.packets)"),
            ("Octet In", "\(traffic.ingress.octets)"),
            ("Octet Out", "\(traffic.egress.octets)"),
            ("Last Packet In", Self.time(self.snapshot.lastTimes.ingress)),
            ("Last Packet Out", Self.time(self.snapshot.lastTimes.egress)),
            ("Latency", self.snapshot.latency.showText),
        ]
        let errors = ErrorKind.allCases.map { kind in
            (kind.name, "\(self.snapshot.errors.first { $0.kind == kind }?.count ?? 0)")
        }
        return (settings + self.ayiyaDetails + measured + errors).map(Self.line)
    }

    private var ayiyaDetails: [(String, String)] {
        guard case .dynamic = self.settings.remote else { return [] }
        return [
            ("AYIYA Identity", "\(self.remote)"),
            ("AYIYA Hash", "SHA-1"),
            ("AYIYA Password", self.settings.password == nil ? "none" : "set"),
            (
                "AYIYA Old Password",
                self.settings.retiredPassword.map { "until \(Self.time($0.expiry))" } ?? "none"
            ),
        ]
    }

    private static func line(_ name: String, _ value: String) -> String {
        name + String(repeating: " ", count: max(0, 24 - name.count)) + ": " + value
    }

    private static func time(_ seconds: Int64?) -> String {
        seconds.map { Date(timeIntervalSince1970: TimeInterval($0)).formatted(.iso8601) } ?? "never"
    }
}
