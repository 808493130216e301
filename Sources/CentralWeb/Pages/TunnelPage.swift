internal import Central
internal import Foundation
internal import Graphs
internal import HTTP
internal import Wire

/// One tunnel: what the registry has, what its PoP reported, what happened.
enum TunnelPage {
    /// What programs get.
    private struct Document: Encodable {
        let tunnel: TunnelDocument
        let steps: [StepDocument]
        let events: [EventDocument]
    }

    static func view(
        _ number: TunnelNumber,
        _ centre: Centre,
        graphs period: GraphPeriod
    ) async throws -> View {
        let tunnel = try await ShowTunnel(number).run(in: centre)
        let traffic = try await ReadTraffic(of: .tunnel(number), since: nil).run(in: centre)
        let events = try await ListEvents(of: [.tunnel(number)], HistoryWindow(last: 20)).run(in: centre)
        let document = Document(
            tunnel: tunnel,
            steps: traffic.steps.map { StepDocument($0, of: .tunnel) },
            events: events.events.map { EventDocument($0, in: events.fleet) }
        )
        let path = ["tunnels", "\(number)"]
        let body: HTML = """
            \(Self.registered(document.tunnel, doubts: traffic.doubts))
            \(Pictures.section(of: "\(number)", at: path, on: path, period))
            <h2>The last day</h2>
            \(Self.steps(document.steps))
            <h2>Events</h2>
            \(Elements.events(document.events))
            """
        return View("\(number)", document, body)
    }

    private static func registered(_ tunnel: TunnelDocument, doubts: String?) -> HTML {
        let state =
            tunnel.enabled
            ? (tunnel.enabledByUser ? "enabled" : "disabled by its user") : "disabled by an operator"
        let fields = Elements.fields([
            ("PoP", Elements.pop(tunnel.pop)), ("Owner", tunnel.owner.map { Elements.user($0) }),
            ("State", "\(state)"), ("Type", "\(tunnel.type)"), ("Tid", "\(tunnel.tid)"),
            ("Endpoint", Elements.text(tunnel.endpoint)), ("MTU", "\(tunnel.mtu)"),
            ("PoP's address", Elements.text(tunnel.popAddress)),
            ("User's address", Elements.text(tunnel.userAddress)),
            (
                "Subnets",
                (tunnel.subnets ?? []).isEmpty ? nil : Elements.text(tunnel.subnets?.joined(separator: ", "))
            ),
            ("Name servers", Elements.text(tunnel.nameServers?.joined(separator: ", "))),
            ("Endpoint in the DNS", tunnel.endpointPublished.map { $0 ? "yes" : "no" }),
            ("Password", tunnel.passwordSet ? "set" : "none"),
            ("Old password good until", Elements.text(tunnel.oldPasswordUntil)),
            ("Created", "\(tunnel.created)"), ("Changed", "\(tunnel.changed)"),
            ("Its user runs", tunnel.clientCommand.map { "<code>\($0)</code>" }),
        ])
        let doubt: HTML = doubts.map { "<p>Not believed of its PoP's last report: \($0)</p>" } ?? ""
        return """
            \(fields)<p><a href="\(URLText(path: ["tunnels", tunnel.tunnel, "live"]))">Ask its daemon now</a> ·
            <a href="\(URLText(path: ["tunnels", tunnel.tunnel, "errors"]))">Its errors, with their packets</a> ·
            <a href="\(URLText(path: ["tunnels", tunnel.tunnel, "config"]))">Configuration for its user's system</a></p>\(doubt)
            """
    }

    private static func steps(_ steps: [StepDocument]) -> HTML {
        guard let last = steps.last else {
            return "<p class=\"soft\">Its PoP has reported nothing in the last day.</p>"
        }
        let rows = steps.reversed().map { step -> [HTML] in
            [
                "\(step.time)", "\(Int64(saturating: step.up)) %",
                "\(HumanFormat.bitRate(step.inBitsPerSecond))",
                "\(HumanFormat.bitRate(step.outBitsPerSecond))", "\(Self.words(step.lossPercent, "%"))",
                "\(Self.words(step.p10Ms ?? step.minMs, "ms"))", "\(Self.words(step.avgMs, "ms"))",
                "\(Self.words(step.p90Ms ?? step.maxMs, "ms"))",
            ]
        }
        let columns = ["Time", "Up", "From user", "To user", "Loss", "Low", "Mean", "High"]
        let table = Elements.table("Steps of ten minutes", columns, rows, none: "")
        return """
            <p>Last reported at \(last.time): up in \(Int64(saturating: last.up)) % of the reports,
            \(HumanFormat.bitRate(last.inBitsPerSecond)) from the user, \(HumanFormat.bitRate(last.outBitsPerSecond)) to the user,
            round trip \(Self.words(last.avgMs, "ms")), loss \(Self.words(last.lossPercent, "%")).</p>
            <details><summary>All figures</summary>\(table)</details>
            """
    }

    private static func words(_ value: Double?, _ unit: String) -> String {
        value.map { "\($0) \(unit)" } ?? "unknown"
    }

    /// As its daemon sees it.
    static func live(_ number: TunnelNumber, _ answer: InspectTunnel.Answer, at time: Date) throws -> View {
        let json = try JSONText.indented(answer.row)
        let doubts: HTML = answer.doubts.map { "<p>Not believed of its report: \($0)</p>" } ?? ""
        let body: HTML = """
            <p>\(Elements.tunnel("\(number)")) at \(Elements.pop("\(answer.pop)")), asked at \(time.iso8601).</p>\(doubts)
            <pre>\(json)</pre>
            """
        return View("\(number) now", answer.row, body)
    }

    /// Its errors as its daemon has them, with the packets that caused them.
    static func errors(_ number: TunnelNumber, _ answer: InspectErrors.Answer, at time: Date) throws -> View {
        let documents = answer.rows.map { ErrorPacketDocument($0) }
        let parts = documents.map { row -> HTML in
            let steps: HTML =
                row.explanation.map { "<p>Would it come now:</p><pre>\($0.joined(separator: "\n"))</pre>" }
                ?? "<p class=\"soft\">What would become of it now is not known: not all of it was kept.</p>"
            let packet: HTML =
                row.packet.isEmpty
                ? "<p class=\"soft\">Its packet is not known any more.</p>"
                : """
                <p>The packet that caused it last:</p><pre>\(row.packet.joined(separator: "\n"))</pre>\(steps)
                <details><summary>Its first octets</summary><pre>\(row.octets)</pre></details>
                """
            let head = row.summary.isEmpty ? "\(row.count.counted("time"))" : row.summary
            return "<h2>\(row.error)</h2><p>\(head)</p>\(packet)\n"
        }
        let none: HTML = "<p>It has had no errors since its daemon started, or since they were reset.</p>"
        let body: HTML = """
            <p>\(Elements.tunnel("\(number)")) at \(Elements.pop("\(answer.pop)")), asked at \(time.iso8601).</p>
            \(parts.isEmpty ? [none] : parts)
            """
        return View("Errors of \(number)", documents, body)
    }
}
