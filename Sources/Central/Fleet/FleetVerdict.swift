package import Foundation

/// What monitoring is told about the fleet.
///
/// Pure: the time is a parameter.
package struct FleetVerdict: Hashable, Sendable {
    /// The levels of the monitoring plugins' convention; the raw value is the exit status.
    package enum Level: Int32, Comparable, Sendable {
        case ok = 0
        case warning = 1
        case critical = 2
        case unknown = 3

        package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }

        /// The word that begins the line.
        package var word: String {
            switch self {
            case .ok: "OK"
            case .warning: "WARNING"
            case .critical: "CRITICAL"
            case .unknown: "UNKNOWN"
            }
        }
    }

    package let level: Level

    /// One line: verdict, reasons, and figures behind `|`.
    package let line: String

    /// What is still well.
    package struct Limits: Hashable, Sendable {
        /// The oldest visit, in seconds.
        package var overdue: TimeInterval = 1500

        /// For how long a restart or a drift is told, in seconds.
        package var recent: TimeInterval = 1800

        /// The most by which a PoP's clock may be off, in seconds; a beat that is 120 off is refused.
        package var clockSkew = 10
        var criticalClockSkew = 60

        /// For the percentage of its tunnels that are up at a PoP.
        package var warning: ThresholdRange?
        package var critical: ThresholdRange?

        /// With fewer tunnels than this the percentage of a PoP says nothing.
        package var smallPoP = 50

        /// What is well unless somebody says otherwise.
        package init() {}

        package init(smallPoP: Int) { self.smallPoP = smallPoP }
    }

    /// Judges the PoPs that are enabled.
    package init(_ status: FleetStatus, now: Date, limits: Limits = Limits()) {
        let pops = status.pops.filter(\.pop.isEnabled)
        guard !pops.isEmpty else {
            self.init(level: .unknown, text: "no PoP is enabled", figures: "")
            return
        }
        let findings = pops.flatMap { PoPVerdict($0, now: now, limits: limits).findings }
        let failed = Set(findings.filter { $0.level == .critical }.map(\.pop)).count
        let up = pops.reduce(0) { $0 + ($1.history.sample?.online ?? 0) }
        let configured = pops.reduce(0) { $0 + ($1.history.sample?.configured ?? 0) }
        let unknown = pops.count { pop in
            pop.history.sample.map { $0.online == nil || $0.configured == nil } ?? false
        }
        let summary =
            "\(pops.count - failed) of \(pops.count) PoPs well, \(up) of \(configured) tunnels up"
            + (unknown > 0 ? " but for \(unknown) PoPs that say what cannot be" : "")
        let reasons = findings.sorted { $0.level > $1.level }.map { "\($0.pop) \($0.text)" }
        self.init(
            level: findings.map(\.level).max() ?? .ok,
            text: ([summary] + reasons).joined(separator: "; "),
            figures: "pops=\(pops.count);;;0 pops_failed=\(failed);;;0;\(pops.count) "
                + "tunnels_up=\(up);;;0;\(configured) tunnels=\(configured);;;0"
        )
    }

    /// The verdict that the fleet's state could not be read.
    package init(unreadable reason: String) {
        self.init(level: .unknown, text: reason, figures: "")
    }

    private init(level: Level, text: String, figures: String) {
        self.level = level
        // The bar separates the figures, so it must not stand in the text.
        let text = text.replacing("|", with: "/").replacing("\n", with: " ")
        self.line = "\(level.word) - \(text)" + (figures.isEmpty ? "" : " | \(figures)")
    }
}
