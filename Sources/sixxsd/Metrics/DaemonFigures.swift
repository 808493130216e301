import Core
import FastPath
import HTTP
import LinuxIO
import Wire

/// A copy of what a daemon counts, for those who watch it: made between packets, and written down from then on without them.
struct DaemonFigures: Sendable {
    let table: TunnelReport
    let running: RunningConfiguration
    let trialSecondsLeft: Double?
    let workers: [Accounting]
    let kernel: (forwarded: UInt64, dropped: UInt64)?
    let peers: [PoPLatency]
    let changes: [(outcome: ChangeOutcomes.Outcome, count: UInt64)]
    let times: (standstill: Histogram, total: Histogram)
    let control: ControlFigures.Counts
    /// What all errors were counted together by kind; never less than it was before.
    let errors: [ErrorKind: UInt64]
    let process: ProcessFigures

    /// Looks at everything.
    ///
    /// - Parameters:
    ///   - context: The daemon.
    ///   - errors: What was counted when somebody looked before.
    init(_ context: CommandContext, addingTo errors: inout ErrorTotals) async {
        self.table = await context.tunnelReport()
        self.running = await context.controller.state
        self.trialSecondsLeft = await context.controller.trialSecondsLeft
        self.workers = await context.mailboxes.perform { engine, _ in engine.accounting }
        self.peers = await context.mailboxes.first.perform { engine, _ in engine.otherPoPs }
        self.kernel = context.fastPath.forwarding?.packets
        self.changes = ChangeOutcomes.Outcome.allCases.map { ($0, context.controller.outcomes[$0]) }
        self.times = context.controller.times.histograms
        self.control = context.figures.counts
        self.errors = errors.add(self.table)
        self.process = ProcessFigures()
    }
}

/// Sums over all tunnels that do not shrink when a tunnel is removed, or its counters are set to 0.
struct ErrorTotals: Sendable {
    private var totals: [ErrorKind: UInt64] = [:]
    private var last: [ErrorKind: UInt64] = [:]

    /// Adds what was counted since the last look.
    ///
    /// - Parameter table: What the tunnels and the uplink counted.
    /// - Returns: What was counted in all.
    mutating func add(_ table: TunnelReport) -> [ErrorKind: UInt64] {
        var now: [ErrorKind: UInt64] = [:]
        for row in table.rows {
            for (kind, count) in row.snapshot.errors { now[kind, default: 0] &+= count }
        }
        for (kind, count) in table.uplink.errors { now[kind, default: 0] &+= count }
        return self.add(now)
    }

    mutating func add(_ now: [ErrorKind: UInt64]) -> [ErrorKind: UInt64] {
        for kind in ErrorKind.allCases {
            let (count, before) = (now[kind] ?? 0, self.last[kind] ?? 0)
            self.totals[kind, default: 0] &+= count > before ? count - before : 0
        }
        self.last = now
        return self.totals
    }
}
