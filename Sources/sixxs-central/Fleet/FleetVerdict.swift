internal import Foundation

/// What monitoring is told about the fleet.
///
/// Pure: the time is a parameter.
struct FleetVerdict: Hashable, Sendable {
    /// The levels of the monitoring plugins' convention; the raw value is the exit status.
    enum Level: Int32, Comparable, Sendable {
        case ok = 0
        case warning = 1
        case critical = 2
        case unknown = 3

        static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }

        /// The word that begins the line.
        var word: String {
            switch self {
            case .ok: "OK"
            case .warning: "WARNING"
            case .critical: "CRITICAL"
            case .unknown: "UNKNOWN"
            }
        }
    }

    let level: Level

    /// One line: verdict, reasons, and figures behind `|`.
    let line: String

    /// Judges the PoPs that are enabled; one that was not pushed to for `overdue` seconds is late.
    init(_ status: FleetStatus, now: Date, overdue: TimeInterval) {
        let pops = status.pops.filter(\.pop.isEnabled)
        guard !pops.isEmpty else {
            self.init(level: .unknown, text: "no PoP is enabled", figures: "")
            return
        }
        let findings = pops.flatMap { Self.findings($0, now: now, overdue: overdue) }
        let level = findings.map(\.level).max() ?? .ok
        let failed = Set(findings.filter { $0.level == .critical }.map(\.pop)).count
        let up = pops.reduce(0) { $0 + ($1.sample?.online ?? 0) }
        let configured = pops.reduce(0) { $0 + ($1.sample?.configured ?? 0) }
        let summary = "\(pops.count - failed) of \(pops.count) PoPs well, \(up) of \(configured) tunnels up"
        let reasons = findings.sorted { $0.level > $1.level }.map { "\($0.pop) \($0.text)" }
        self.init(
            level: level,
            text: ([summary] + reasons).joined(separator: "; "),
            figures: "pops=\(pops.count);;;0 pops_failed=\(failed);;;0;\(pops.count) "
                + "tunnels_up=\(up);;;0;\(configured) tunnels=\(configured);;;0"
        )
    }

    /// The verdict that the fleet's state could not be read.
    init(unreadable reason: String) {
        self.init(level: .unknown, text: reason, figures: "")
    }

    private init(level: Level, text: String, figures: String) {
        self.level = level
        // The bar separates the figures, so it must not stand in the text.
        let text = text.replacing("|", with: "/").replacing("\n", with: " ")
        self.line = "\(level.word) - \(text)" + (figures.isEmpty ? "" : " | \(figures)")
    }

    private struct Finding {
        let level: Level
        let pop: String
        let text: String
    }

    private static func findings(_ status: PoPStatus, now: Date, overdue: TimeInterval) -> [Finding] {
        let name = status.pop.name.description
        guard let history = status.history else {
            return [Finding(level: .critical, pop: name, text: "was never pushed to")]
        }
        if let error = status.error { return [Finding(level: .critical, pop: name, text: error)] }
        let age = now.timeIntervalSince(history.last.started)
        if age > overdue {
            return [
                Finding(
                    level: .warning,
                    pop: name,
                    text: "was last pushed to \(Int(age)) s ago, expected within \(Int(overdue)) s"
                )
            ]
        }
        if let running = status.sample?.digest, let confirmed = history.confirmedDigest, running != confirmed
        {
            return [Finding(level: .warning, pop: name, text: "runs another configuration than it confirmed")]
        }
        return []
    }
}
