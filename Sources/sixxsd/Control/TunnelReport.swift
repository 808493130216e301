import Core
import Wire

/// The tunnels as they are configured and as the engine sees them, side by side, by tid.
struct TunnelReport: Sendable {
    struct Row: Sendable {
        let settings: TunnelSettings
        let snapshot: TunnelSnapshot
        let local: IPv6Address
        let remote: IPv6Address
    }

    /// How many tunnels are up, had a packet lately, are configured.
    struct Counts: CustomStringConvertible {
        var online = 0
        var active = 0
        var configured = 0

        init(_ rows: [Row]) {
            for row in rows {
                self.configured += 1
                if row.snapshot.condition == .up { self.online += 1 }
                if row.isActive { self.active += 1 }
            }
        }

        var description: String { "\(self.online) \(self.active) \(self.configured)" }
    }

    /// The types of tunnels, in the order that status shows them.
    static let types = ["direct", "ayiya", "heartbeat", "dynamic"]

    let rows: [Row]
    let uplink: UplinkSnapshot

    /// What passed through all tunnels.
    var total: TrafficCounters {
        self.rows.reduce(into: TrafficCounters()) { $0.add($1.snapshot.traffic) }
    }
}

extension TunnelReport.Row {
    /// What the tunnel is by configuration.
    var type: String {
        switch self.settings.remote {
        case .fixed: "direct"
        case .dynamic(let type): type.rawValue
        }
    }

    /// How its packets travel at the moment: `proto41`, `gre`, `ayiya` or `heartbeat`; nil when nobody knows.
    var carrier: String? {
        guard self.snapshot.path != nil else { return nil }
        return switch (self.snapshot.encapsulation, self.settings.remote) {
        case (.ayiya, _): "ayiya"
        case (.gre, _): "gre"
        case (.sixInFour, .fixed): "proto41"
        case (.sixInFour, .dynamic): "heartbeat"
        }
    }

    /// Whether a packet came in from the user in the last 15 minutes.
    var isActive: Bool { self.snapshot.idleSeconds.map { $0 <= 15 * 60 } ?? false }

    /// The user's outer end, with a port where there is one; nil when unknown.
    var endpoint: String? {
        guard let path = self.snapshot.path else { return nil }
        return path.remotePort == 0 ? "\(path.remote)" : "\(Endpoint(path.remote, port: path.remotePort))"
    }

    /// How many errors were counted.
    var errorCount: UInt64 { self.snapshot.errors.reduce(0) { $0 &+ $1.count } }
}

extension UplinkSnapshot {
    /// How many errors of the PoP itself were counted.
    var errorCount: UInt64 { self.errors.reduce(0) { $0 &+ $1.count } }
}

extension CommandContext {
    /// How many tunnels are looked at between two batches of packets, so that forwarding hardly waits.
    private static let tunnelsAtOnce = 128

    /// Looks at all tunnels, or at some.
    ///
    /// - Parameters:
    ///   - tids: Those to look at; nil for all.
    ///   - isReset: Whether what passed and what was measured begins anew afterwards.
    /// - Returns: A row for each tunnel that is configured, by tid.
    func tunnelReport(of tids: [TID]? = nil, resettingStatistics isReset: Bool = false) async -> TunnelReport
    {
        let tunnels = await self.controller.state.configuration.tunnels
            .filter { tids?.contains($0.tid) ?? true }
            .sorted { $0.tid < $1.tid }
        var rows: [TunnelReport.Row] = []
        rows.reserveCapacity(tunnels.count)
        for start in stride(from: 0, to: tunnels.count, by: Self.tunnelsAtOnce) {
            let part = tunnels[start..<min(start + Self.tunnelsAtOnce, tunnels.count)]
            rows += await self.rows(of: Array(part), resettingStatistics: isReset)
        }
        let uplink = await self.uplink(resettingStatistics: isReset)
        return TunnelReport(rows: rows, uplink: uplink)
    }

    /// Looks at the uplink and at what is no tunnel's.
    ///
    /// - Parameter isReset: Whether what passed begins anew afterwards.
    /// - Returns: What all workers saw.
    func uplink(resettingStatistics isReset: Bool = false) async -> UplinkSnapshot {
        let seen = await self.mailboxes.perform { engine, now in
            defer { if isReset { engine.resetUplinkStatistics() } }
            return engine.uplinkSnapshot(at: now)
        }
        return UplinkSnapshot(merging: seen)
    }

    private func rows(
        of tunnels: [TunnelSettings],
        resettingStatistics isReset: Bool
    ) async -> [TunnelReport.Row] {
        let tids = tunnels.map(\.tid)
        let seen = await self.mailboxes.perform { engine, now in
            let snapshots = tids.map { engine.snapshot(of: $0, at: now) }
            if isReset { for tid in tids { engine.resetStatistics(of: tid) } }
            return (snapshots: snapshots, plan: engine.plan)
        }
        var snapshots = seen[0].snapshots
        for other in seen.dropFirst() {
            for index in snapshots.indices { snapshots[index].add(other.snapshots[index]) }
        }
        let plan = seen[0].plan
        return zip(tunnels, snapshots).map { settings, snapshot in
            TunnelReport.Row(
                settings: settings,
                snapshot: snapshot,
                local: plan.localAddress(of: settings.tid),
                remote: plan.remoteAddress(of: settings.tid)
            )
        }
    }
}
