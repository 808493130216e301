internal import Central
internal import Foundation
internal import Graphs
internal import HTTP
internal import Wire

/// One PoP: how it is, what it has, what was pushed to it.
enum PoPPage {
    /// What programs get.
    private struct Document: Encodable {
        let details: PoPDetailsDocument
        let status: StatusDocument
        let history: HistoryDocument
        let events: [EventDocument]

        /// Of the last day.
        let peers: [PeerDocument]
        let tunnels: [TunnelDocument]
    }

    /// Tunnels on one page.
    private static let most = 500

    static func view(
        _ name: PoPName,
        _ centre: Centre,
        graphs period: GraphPeriod,
        now: Date
    ) async throws -> View {
        let details = PoPDetailsDocument(try await ShowPoP(name).run(in: centre))
        let fleet = try await ReadStatus(pops: [name], asksDaemons: false).run(in: centre)
        guard let status = fleet.pops.first else { throw Refusal(.notFound, "there is no PoP \(name)") }
        let history = HistoryDocument(
            try await ShowHistory(of: name, HistoryWindow()).run(in: centre),
            of: name
        )
        let events = try await ListEvents(of: [.pop(name)], HistoryWindow(last: 20)).run(in: centre)
        let tunnels = try await ListTunnels(TunnelFilter(pop: name)).run(in: centre)
        let document = Document(
            details: details,
            status: StatusDocument(status, now: now),
            history: history,
            events: events.events.map { EventDocument($0, in: events.fleet) },
            peers: try await ReadPeers(of: name, since: nil).run(in: centre).map { PeerDocument($0) },
            tunnels: tunnels
        )
        let body: HTML = """
            \(Self.state(document.status, status.findings(at: now), now: now))
            \(Pictures.section(of: "\(name)", at: ["pops", "\(name)"], on: ["pops", "\(name)"], period))
            \(Self.body(document))
            """
        return View("\(name)", document, body)
    }

    private static func body(_ document: Document) -> HTML {
        let shown = document.tunnels.prefix(Self.most)
        let more: HTML =
            shown.count < document.tunnels.count
            ? "<p class=\"soft\">The first \(shown.count) of \(document.tunnels.count); JSON has all.</p>"
            : ""
        return """
            <h2>To other PoPs, last day</h2>
            \(Self.peers(document.peers))
            <h2>Configuration</h2>
            \(Self.details(document.details))
            <h2>Configurations that were pushed</h2>
            \(Self.generations(document.history))
            <h2>Pushes</h2>
            \(Elements.contacts(document.history.contacts))
            <h2>Events</h2>
            \(Elements.events(document.events))
            <h2>Tunnels</h2>
            \(Elements.tunnels(Array(shown)))\(more)
            """
    }

    private static func state(_ row: StatusDocument, _ findings: [String], now: Date) -> HTML {
        let notes = (findings + row.notes).map { note -> HTML in "<p>\(note)</p>" }
        let age = row.reportTime.map { HumanFormat.age($0, now: now) }
        let up = row.tunnels.up.map(String.init) ?? "nobody knows how many"
        let fields = Elements.fields([
            ("Verdict", row.enabled ? Elements.verdict(row.level) : "disabled"),
            ("Reachable", row.reachable.map { $0 ? "yes" : "no" }),
            ("Last report", age.map { "\($0)" }),
            (
                "Tunnels",
                "\(up) of \(row.tunnels.registered) up, \(row.tunnels.active.map(String.init) ?? "?") active"
            ),
            (
                "Generation",
                "wanted \(row.wantedGeneration.map(String.init) ?? "none"), running \(row.runningGeneration.map(String.init) ?? "unknown")"
            ),
            ("In sync", row.inSync.map { $0 ? "yes" : "no" }),
            ("Running for", row.uptime.map { "\(HumanFormat.uptime($0))" }),
            ("Version", Elements.text(row.version)),
            (
                "Traffic since its start",
                row.traffic.map { traffic in
                    let from = traffic.fromUplink.map { HumanFormat.octets($0.value) } ?? "?"
                    let to = traffic.toUplink.map { HumanFormat.octets($0.value) } ?? "?"
                    return "\(from) from the uplink, \(to) to it"
                }
            ),
        ])
        return "\(fields)\(notes)"
    }

    /// What the probes to other PoPs measured.
    private static func peers(_ peers: [PeerDocument]) -> HTML {
        let rows = peers.map { row -> [HTML] in
            let times = [row.p10Ms, row.medianMs, row.p90Ms].map { time -> HTML in
                Elements.text(time.map { "\($0) ms" }) ?? "no answer"
            }
            let loss: HTML = Elements.text(row.lossPercent.map { "\($0) %" }) ?? ""
            return [Elements.pop(row.peer), row.family == "ipv6" ? "IPv6" : "IPv4", loss] + times
        }
        let columns = ["PoP", "Over", "Loss", "10 % within", "Half within", "90 % within"]
        return Elements.table(
            "Latency to other PoPs",
            columns,
            rows,
            none: "It reported nothing about other PoPs."
        )
    }

    private static func details(_ document: PoPDetailsDocument) -> HTML {
        let pop = document.pop
        let place = [pop.city, pop.country].filter { !$0.isEmpty }.joined(separator: ", ")
        return Elements.fields([
            ("Place", place.isEmpty ? nil : "\(place)"), ("IPv4", "\(pop.ipv4)"), ("IPv6", "\(pop.ipv6)"),
            ("SSH", "\(pop.sshUser)@\(pop.sshHost) port \(pop.sshPort)"),
            ("Host key", "\(pop.hostKeyFingerprint ?? "not trusted yet")"),
            ("Control", "\(pop.control)"), ("Tunnel MTU", "\(pop.tunnelMTU)"),
            ("Tunnel prefix", "\(document.tunnelPrefix ?? "none")"),
            (
                "Subnet prefixes",
                document.subnetPrefixes.isEmpty
                    ? "none" : "\(document.subnetPrefixes.joined(separator: ", "))"
            ),
        ])
    }

    /// Each with a link to what it changed.
    private static func generations(_ history: HistoryDocument) -> HTML {
        let rows = history.generations.reversed().map { row -> [HTML] in
            let number = "\(row.generation)"
            let link: HTML =
                row.generation > 1
                ? "<a href=\"\(URLText(path: ["pops", history.pop, "changes", number]))\">changes</a>" : ""
            return [
                "\(number)", "\(row.time)", "\(row.author)", "\(row.reason)", "\(row.confirmed ?? "")", link,
            ]
        }
        let columns = ["Generation", "Made", "Who", "Why", "Last confirmed", "What"]
        return Elements.table("Generations", columns, rows, none: "Nothing was pushed to it.")
    }

    /// The lines in which a generation differs from the one before.
    static func changes(_ name: PoPName, _ number: Int, _ centre: Centre) async throws -> View {
        let lines = try await CompareGenerations(of: name, number - 1, number).run(in: centre)
        let text: HTML = lines.isEmpty ? "They are equal." : "<pre>\(lines.joined(separator: "\n"))</pre>"
        let back: HTML = "<p>\(Elements.pop(name.description))</p>"
        return View("\(name): generation \(number)", lines, back + text)
    }
}
