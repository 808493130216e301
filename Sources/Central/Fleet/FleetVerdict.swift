package import Foundation
internal import Wire

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
            self.init(
                level: .unknown,
                text: "no PoP is enabled: sixxs-central pop set POP --enable",
                figures: ""
            )
            return
        }
        let findings = pops.flatMap { PoPVerdict($0, now: now, limits: limits).findings }
        let failed = Set(findings.filter { $0.level == .critical }.map(\.pop)).count
        let tunnels = FleetTunnels(pops, now: now, overdue: limits.overdue)
        let summary = "\(pops.count - failed) of \(pops.count) PoPs OK, \(tunnels)"
        let reasons = findings.sorted { $0.level > $1.level }.map { "\($0.pop) \($0.text)" }
        self.init(
            level: findings.map(\.level).max() ?? .ok,
            text: ([summary] + Self.brief(reasons)).joined(separator: "; "),
            figures: "pops=\(pops.count);;;0 pops_failed=\(failed);;;0;\(pops.count) \(tunnels.figures)",
            details: pops.map { pop in
                let up = pop.tunnelsUp(at: now, within: limits.overdue).map(String.init) ?? "U"
                return "\(pop.pop.name)_tunnels_up=\(up);;;0;\(pop.registered)"
            }
        )
    }

    /// How many reasons are named, and how long they may be together, in octets: the figures begin within the first kilobyte,
    /// which is all that some agents pass on.
    private static let (mostReasons, lengthOfReasons) = (5, 800)

    /// How long the line may be, in octets, as much as a plugin's buffer holds; figures of PoPs that do not fit are left out.
    package static let longestLine = 4096

    /// The first reasons, each shortened, and how many there are besides.
    private static func brief(_ reasons: [String]) -> [String] {
        let first = reasons.prefix(Self.mostReasons)
        let named = first.map { $0.shortened(to: Self.lengthOfReasons / first.count) }
        return named + (reasons.count > named.count ? ["and \(reasons.count - named.count) more"] : [])
    }

    /// The verdict that the fleet's state could not be read.
    package init(unreadable reason: String) {
        self.init(level: .unknown, text: reason.shortened(to: 1000), figures: "")
    }

    private init(level: Level, text: String, figures: String, details: [String] = []) {
        self.level = level
        // The bar separates the figures, so it must not stand in the text.
        let text = text.replacing("|", with: "/").replacing("\n", with: " ")
        var line = "\(level.word) - \(text)" + (figures.isEmpty ? "" : " | \(figures)")
        var room = Self.longestLine - line.utf8.count
        for detail in details {
            room -= detail.utf8.count + 1
            guard room >= 0 else { break }
            line += " \(detail)"
        }
        self.line = line
    }
}

/// How many of the registry's tunnels are up, as far as that is known.
struct FleetTunnels: Hashable, Sendable, CustomStringConvertible {
    let up: Int

    /// Those of PoPs of which nobody knows.
    let unknown: Int
    let registered: Int

    init(_ pops: [PoPStatus], now: Date, overdue: TimeInterval = FleetVerdict.Limits().overdue) {
        let counts = pops.map { (up: $0.tunnelsUp(at: now, within: overdue), registered: $0.registered) }
        self.up = counts.reduce(0) { $0 + ($1.up ?? 0) }
        self.unknown = counts.reduce(0) { $0 + ($1.up == nil ? $1.registered : 0) }
        self.registered = counts.reduce(0) { $0 + $1.registered }
    }

    /// `8 of 18 tunnels up, 9 unknown`.
    var description: String {
        "\(self.up) of \(self.registered) tunnels up" + (self.unknown > 0 ? ", \(self.unknown) unknown" : "")
    }

    /// As performance data.
    var figures: String { "tunnels_up=\(self.up);;;0;\(self.registered) tunnels=\(self.registered);;;0" }
}
