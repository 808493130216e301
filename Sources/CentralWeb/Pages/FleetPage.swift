internal import Central
internal import Foundation
internal import Graphs
internal import HTTP
internal import Wire

/// The fleet: a tile a PoP, the worst first.
enum FleetPage {
    static func view(_ centre: Centre, graphs period: GraphPeriod, now: Date) async throws -> View {
        let status = try await ReadStatus(pops: [], asksDaemons: false).run(in: centre)
        let rows = StatusDocument.worstFirst(status.pops.map { StatusDocument($0, now: now) })
        let findings = Dictionary(
            uniqueKeysWithValues: status.pops.map { ($0.pop.name.description, $0.findings(at: now)) }
        )
        let bad = rows.count { $0.enabled && $0.level != .ok }
        let words: HTML =
            rows.isEmpty
            ? "There is no PoP yet: sixxs-central pop add makes one."
            : bad == 0
                ? "\(rows.count.counted("PoP")), all OK."
                : "\(rows.count.counted("PoP")), \(bad) of them not well."
        let tiles = rows.map { Self.tile($0, findings[$0.pop] ?? [], now: now) }
        let body: HTML = """
            <p>\(words)</p><ul class="tiles">\(tiles)</ul>
            \(Pictures.section(of: "the fleet", at: ["fleet"], on: [], period))
            """
        return View("Fleet", rows, body)
    }

    private static func tile(_ row: StatusDocument, _ findings: [String], now: Date) -> HTML {
        let level = row.enabled ? row.level.word.lowercased() : "soft"
        let age = row.reportTime.map { "reported \(HumanFormat.age($0, now: now))" } ?? "never reported"
        let tunnels =
            "\(row.tunnels.up.map(String.init) ?? "?") of \(row.tunnels.registered.counted("tunnel")) up"
        let notes = findings.map { finding -> HTML in "<p>\(finding)</p>" }
        let verdict: HTML = row.enabled ? Elements.verdict(row.level) : "<span class=\"soft\">disabled</span>"
        return """
            <li class="tile \(level)"><h2>\(Elements.pop(row.pop))</h2>
            <p>\(verdict) · \(tunnels)</p><p class="soft">\(age)</p>\(notes)\(Pictures.sparkline(of: row.pop))</li>

            """
    }
}
