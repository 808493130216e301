import Core
import Foundation
import Wire

// The layouts of `tunnel list` and `tunnel show`, which scripts of operators read: nothing in them is renamed or
// moved, and what is new stands behind all that was there.

extension TunnelReport.Row {
    /// `T<n> <inner ::2> <outer> <state> <type> <mtu> <errors>`.
    var listLine: String {
        "\(self.settings.number) \(self.remote) \(Self.text(self.snapshot.path?.remote))"
            + " \(self.snapshot.condition) \(self.type) \(self.settings.mtu) \(self.errorCount)"
    }

    /// `Name (24 wide): value` lines.
    ///
    /// - Parameter fastPath: Whether the kernel forwards by itself what is plain.
    /// - Returns: The lines.
    func details(_ fastPath: FastPathOpening) -> [String] {
        let path = self.snapshot.path
        let settings: [(String, String)] = [
            ("Tunnel ID", "\(self.settings.number)"),
            ("TID", "0x\(self.settings.tid)"),
            ("Tunnel Debugging", self.snapshot.isTraced ? "on" : "off"),
            ("Inner Us", "\(self.local)"),
            ("Inner Them", "\(self.remote)"),
            ("Outer Us", Self.text(path?.local)),
            ("Outer Them", Self.text(path?.remote)),
            ("MTU", "\(self.settings.mtu)"),
            ("Tunnel State", "\(self.snapshot.condition)"),
            ("Tunnel Type", self.type),
            ("Dynamic Tunnel", self.type == "direct" ? "no" : "yes"),
        ]
        let lines =
            settings + self.ayiyaDetails
            + [("Last Heartbeat", DetailLine.text(self.snapshot.lastTimes.beat))]
            + DetailLine.traffic(
                self.snapshot.traffic,
                self.snapshot.lastTimes.ingress,
                self.snapshot.lastTimes.egress
            )
            + [("Latency", self.snapshot.latency.showText)]
            + DetailLine.errors(self.snapshot.errors)
            + [
                ("Path MTU", self.snapshot.pathMTU.map(String.init) ?? "-"),
                ("Encapsulation", self.carrier ?? "-"),
                ("Fast Path", fastPath.text(self.snapshot.obstacle)),
            ]
        return lines.map(DetailLine.text)
    }

    private var ayiyaDetails: [(String, String)] {
        guard case .dynamic = self.settings.remote else { return [] }
        return [
            ("AYIYA Identity", "\(self.remote)"),
            ("AYIYA Hash", "SHA-1"),
            ("AYIYA Password", self.settings.password == nil ? "none" : "set"),
            (
                "AYIYA Old Password",
                self.settings.retiredPassword.map { "until \(DetailLine.text($0.expiry))" } ?? "none"
            ),
            ("AYIYA Port Us", Self.text(port: self.snapshot.path?.localPort)),
            ("AYIYA Port Them", Self.text(port: self.snapshot.path?.remotePort)),
        ]
    }

    private static func text(_ address: IPAddress?) -> String { address?.description ?? "-" }

    private static func text(port: UInt16?) -> String {
        guard let port, port != 0 else { return "-" }
        return "\(port)"
    }
}

extension UplinkSnapshot {
    /// As a tunnel's line: `uplink <ffff::1> - up uplink <mtu> <errors>`.
    func listLine(_ configuration: Configuration) -> String {
        "uplink \(Self.address(configuration)) - up uplink \(UplinkRoutes.deviceMTU) \(self.errorCount)"
    }

    /// The lines of `tunnel show` that make sense for the PoP itself.
    func details(_ configuration: Configuration) -> [String] {
        let settings: [(String, String)] = [
            ("Tunnel ID", "uplink"),
            ("Inner Us", Self.address(configuration)),
            ("Outer Us", configuration.pop.ownDetails?.ipv4.description ?? "-"),
            ("MTU", "\(UplinkRoutes.deviceMTU)"),
            ("Tunnel State", "up"),
            ("Tunnel Type", "uplink"),
        ]
        let lines =
            settings + DetailLine.traffic(self.traffic, self.lastTimes.ingress, self.lastTimes.egress)
            + DetailLine.errors(self.errors)
        return lines.map(DetailLine.text)
    }

    /// The daemon's own address.
    private static func address(_ configuration: Configuration) -> String {
        configuration.pop.tunnelPrefix == nil ? "-" : "\(AddressPlan(configuration).daemonAddress)"
    }
}

/// How lines of `tunnel show` are written.
private enum DetailLine {
    /// How wide a name is, in characters.
    static let width = 24

    static func text(_ name: String, _ value: String) -> String {
        name + String(repeating: " ", count: max(0, Self.width - name.count)) + ": " + value
    }

    static func text(_ seconds: Int64?) -> String {
        seconds.map { Date(timeIntervalSince1970: TimeInterval($0)).formatted(.iso8601) } ?? "never"
    }

    static func traffic(
        _ traffic: TrafficCounters,
        _ lastIngress: Int64?,
        _ lastEgress: Int64?
    ) -> [(String, String)] {
        [
            ("Packets in", "\(traffic.ingress.packets)"),
            ("Packets out", "\(traffic.egress.packets)"),
            ("Octets in", "\(traffic.ingress.octets)"),
            ("Octets out", "\(traffic.egress.octets)"),
            ("Last packet in", Self.text(lastIngress)),
            ("Last packet out", Self.text(lastEgress)),
        ]
    }

    /// A line for every kind, whether it occurred or not.
    static func errors(_ counts: [(kind: ErrorKind, count: UInt64)]) -> [(String, String)] {
        ErrorKind.allCases.map { kind in
            (kind.name, "\(counts.first { $0.kind == kind }?.count ?? 0)")
        }
    }
}

extension LatencyRecord {
    /// `12.34 / 13.00 / 15.10 ms, 1.00 % lost of 100`, for people.
    fileprivate var showText: String {
        guard self.received > 0 else { return "none (\(self.sent) sent)" }
        let times = [self.minimum, self.average, self.maximum].map(self.milliseconds).joined(separator: " / ")
        return "\(times) ms, \(self.lossPercent.map(Self.twoDecimals) ?? "-1") % lost of \(self.sent)"
    }
}
