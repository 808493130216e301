internal import Central
internal import Foundation
internal import Graphs
internal import HTTP
internal import Wire

/// What a user sees: what is his own.
enum HomePages {
    static func home(_ visitor: Visitor, _ centre: Centre) async throws -> View {
        let user = try visitor.account()
        let tunnels = try await ListTunnels(TunnelFilter(owner: user)).run(in: centre)
        let table = Elements.table(
            "Your tunnels",
            ["Tunnel", "PoP", "Type", "Endpoint", "Your address", "Subnets", "MTU", "State"],
            tunnels.map { tunnel in
                [
                    Self.link(tunnel), "\(tunnel.pop)", "\(tunnel.type)", "\(tunnel.endpoint ?? "")",
                    "\(tunnel.userAddress ?? "")", "\((tunnel.subnets ?? []).joined(separator: ", "))",
                    "\(tunnel.mtu)", "\(Self.state(of: tunnel))",
                ]
            },
            none: "You have no tunnel."
        )
        return View("Your tunnels", tunnels, table)
    }

    static func state(of tunnel: TunnelDocument) -> String {
        guard tunnel.enabled else { return "disabled by the operators" }
        return tunnel.enabledByUser ? "enabled" : "disabled by you"
    }

    private static func link(_ tunnel: TunnelDocument) -> HTML {
        "<a href=\"\(URLText(path: ["home", "tunnels", tunnel.tunnel]))\">\(tunnel.tunnel)</a>"
    }

    /// A tunnel of somebody's own.
    ///
    /// - Throws: ``HTTP/Refusal``, the same for another's tunnel as for none.
    static func tunnel(
        _ number: TunnelNumber,
        of visitor: Visitor,
        _ centre: Centre
    ) async throws -> TunnelDocument {
        let user = try visitor.account()
        let none = Refusal(.notFound, "you have no tunnel \(number)")
        do {
            let tunnel = try await ShowTunnel(number).run(in: centre)
            guard let owner = tunnel.owner, try Parsers.handle(owner) == user else { throw none }
            return tunnel
        } catch RegistryError.notFound { throw none }
    }

    /// What programs get of one.
    private struct Document: Encodable, Sendable {
        let tunnel: TunnelDocument
        let steps: [StepDocument]
        let events: [EventDocument]
    }

    /// One of somebody's own tunnels.
    static func view(
        _ tunnel: TunnelDocument,
        _ centre: Centre,
        graphs period: GraphPeriod
    ) async throws -> View {
        let number = try Parsers.tunnel(tunnel.tunnel)
        let traffic = try await ReadTraffic(of: .tunnel(number), since: nil).run(in: centre)
        let events = try await ListEvents(of: [.tunnel(number)], HistoryWindow(last: 20)).run(in: centre)
        let held = try await ListEndpointRequests(of: number).run(in: centre).held
        let document = Document(
            tunnel: tunnel,
            steps: traffic.steps.map { StepDocument($0, of: .tunnel) },
            events: events.events.map { EventDocument($0, in: events.fleet) }
        )
        let path = ["home", "tunnels", tunnel.tunnel]
        let happened = Elements.table(
            "Events",
            ["Time", "Event", "Detail"],
            document.events.reversed().map { ["\($0.time)", "\($0.kind)", "\($0.detail)"] },
            none: "Nothing happened."
        )
        let hold: HTML =
            held == nil
            ? "" : "<p class=\"verdict warning\">Its PoP is held by the operators: changes wait.</p>"
        let body: HTML = """
            \(hold)\(Self.facts(of: tunnel))
            <p><a href="\(URLText(path: path + ["config"]))">Configuration for your system</a> ·
            <a href="\(URLText(path: path + ["live"]))">Ask the PoP now</a></p>
            \(Pictures.section(of: tunnel.tunnel, at: path, on: path, period))
            <h2>Events</h2>\(happened)
            """
        return View("Your tunnel \(tunnel.tunnel)", document, body)
    }

    private static func facts(of tunnel: TunnelDocument) -> HTML {
        let subnets = tunnel.subnets ?? []
        return Elements.fields([
            ("State", "\(Self.state(of: tunnel))"), ("PoP", "\(tunnel.pop)"), ("Type", "\(tunnel.type)"),
            ("Your endpoint", Elements.text(tunnel.endpoint)),
            ("Your address", Elements.text(tunnel.userAddress)),
            ("PoP's address", Elements.text(tunnel.popAddress)), ("MTU", "\(tunnel.mtu)"),
            ("Subnets", subnets.isEmpty ? nil : "\(subnets.joined(separator: ", "))"),
            ("Name servers", Elements.text(tunnel.nameServers?.joined(separator: ", "))),
            ("Old password good until", Elements.text(tunnel.oldPasswordUntil)),
        ])
    }

    /// As its daemon sees it.
    static func live(_ tunnel: TunnelDocument, _ answer: InspectTunnel.Answer, at time: Date) throws -> View {
        let body: HTML = """
            <p>\(Self.link(tunnel)) at \(tunnel.pop), asked at \(time.iso8601).</p>
            <pre>\(try JSONText.indented(answer.row))</pre>
            """
        return View("\(tunnel.tunnel) now", answer.row, body)
    }
}
