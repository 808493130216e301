internal import Foundation
internal import Wire

/// A PoP's status as `--json` prints it.
struct StatusDocument: Encodable, Sendable {
    /// The counts that `pop show status` prints as its total.
    struct Tunnels: Encodable, Hashable, Sendable {
        let up: Int
        let active: Int
        let configured: Int
    }

    /// Octets since the daemon started.
    struct Traffic: Encodable, Hashable, Sendable {
        let fromUplink: UInt64
        let toUplink: UInt64
    }

    struct Push: Encodable, Hashable, Sendable {
        let time: String
        let outcome: String
        let detail: String
    }

    let pop: String
    let enabled: Bool
    @ExplicitNull private(set) var reachable: Bool?
    @ExplicitNull private(set) var generation: Int?
    @ExplicitNull private(set) var inSync: Bool?

    /// In seconds.
    @ExplicitNull private(set) var uptime: Int?
    @ExplicitNull private(set) var version: String?
    @ExplicitNull private(set) var tunnels: Tunnels?
    @ExplicitNull private(set) var traffic: Traffic?
    @ExplicitNull private(set) var lastPush: Push?
    @ExplicitNull private(set) var error: String?

    /// When the last push was, for ages.
    let lastPushTime: Date?

    private enum CodingKeys: String, CodingKey {
        case pop, enabled, reachable, generation, inSync, uptime, version, tunnels, traffic, lastPush, error
    }

    init(_ status: PoPStatus) {
        self.pop = status.pop.name.description
        self.enabled = status.pop.isEnabled
        self.reachable = status.isReachable
        self.generation = status.generation
        self.inSync = status.isInSync
        let report = try? status.live?.get()
        self.uptime = report?.uptime ?? status.sample?.uptime
        self.version = report?.version ?? status.sample?.version
        self.tunnels =
            report.map {
                Tunnels(up: $0.totals.online, active: $0.totals.active, configured: $0.totals.configured)
            }
            ?? status.sample.map { Tunnels(up: $0.online, active: $0.active, configured: $0.configured) }
        self.traffic =
            report.map { Traffic(fromUplink: $0.totals.rxBytes, toUplink: $0.totals.txBytes) }
            ?? status.sample.map {
                Traffic(fromUplink: UInt64(clamping: $0.rxBytes), toUplink: UInt64(clamping: $0.txBytes))
            }
        let last = status.history?.last
        self.lastPush = last.map {
            Push(time: $0.started.iso8601, outcome: $0.outcome.rawValue, detail: $0.detail)
        }
        self.lastPushTime = last?.started
        self.error = status.error
    }
}
