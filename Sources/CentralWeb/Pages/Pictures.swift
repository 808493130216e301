internal import Central
internal import Graphs
internal import HTTP
internal import Wire

/// The graphs in pages, and what serves them.
enum Pictures {
    /// How far back the graphs of a page go, `?last=week`.
    ///
    /// - Throws: ``HTTP/Refusal``.
    static func period(of request: Request) throws(Refusal) -> GraphPeriod {
        try Self.choice("last", of: request) ?? .day
    }

    private static func choice<Choice: RawRepresentable<String> & CaseIterable>(
        _ name: String,
        of request: Request
    ) throws(Refusal) -> Choice? {
        guard let text = request.target.query[name] else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let names = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw Refusal(.badRequest, "\(name) is one of \(names)")
        }
        return choice
    }

    // MARK: - Serving

    /// What a picture's address answers: `latency.svg?last=week&theme=dark`.
    ///
    /// - Throws: ``HTTP/Refusal``, `RegistryError`.
    static func response(_ call: Router.Call, of subject: Subject?, _ centre: Centre) async throws -> Response
    {
        guard let kind = DrawGraph.Kind.allCases.first(where: { call["picture"] == Self.file($0) }) else {
            throw Refusal(.notFound, "there is no \(call["picture"].printable.shortened(to: 60)) here")
        }
        let period = try Self.period(of: call.request)
        let theme: GraphTheme = try Self.choice("theme", of: call.request) ?? .light
        let svg = try await DrawGraph(kind, of: subject, period, theme: theme).run(in: centre)
        return Shell.response(type: "image/svg+xml", svg, kept: .briefly)
    }

    private static func file(_ kind: DrawGraph.Kind) -> String { "\(kind.rawValue).svg" }

    // MARK: - Showing

    /// Latency and traffic over time, with links to other times.
    ///
    /// - Parameters:
    ///   - subject: What they are of, in words.
    ///   - path: Where its pictures are.
    ///   - page: Where its page is.
    ///   - period: How far back they go.
    /// - Returns: A part of a page.
    static func section(
        of subject: String,
        at path: [String],
        on page: [String],
        _ period: GraphPeriod
    ) -> HTML {
        let links = GraphPeriod.allCases.map { other -> HTML in
            let url = URLText(path: page, query: [(name: "last", value: other.rawValue)])
            let current: HTML = other == period ? " aria-current=\"true\"" : ""
            return "<a href=\"\(url)\"\(current)>\(other.rawValue)</a> "
        }
        let pictures = [DrawGraph.Kind.latency, .traffic].map { kind -> HTML in
            let name = "\(kind == .latency ? "Latency" : "Traffic") of \(subject), last \(period.rawValue)"
            return Self.picture(kind, name, at: path, period, width: 760, height: 260)
        }
        return """
            <h2>Latency and traffic</h2>
            <p>Last \(links)</p>
            <div class="scroll graph" tabindex="0" role="region" aria-label="Latency and traffic">\(pictures)</div>
            """
    }

    /// A PoP's traffic of the day, small.
    static func sparkline(of pop: String) -> HTML {
        Self.picture(
            .sparkline,
            "Traffic of \(pop), last day",
            at: ["pops", pop],
            .day,
            width: TrafficGraph.sparklineWidth,
            height: TrafficGraph.sparklineHeight
        )
    }

    /// By day and by night; those far down are not asked for before they are scrolled to.
    private static func picture(
        _ kind: DrawGraph.Kind,
        _ name: String,
        at path: [String],
        _ period: GraphPeriod,
        width: Int,
        height: Int
    ) -> HTML {
        let url = { (theme: GraphTheme) in
            URLText(
                path: path + [Self.file(kind)],
                query: [(name: "last", value: period.rawValue), (name: "theme", value: theme.rawValue)]
            )
        }
        return """
            <picture><source media="(prefers-color-scheme: dark)" srcset="\(url(.dark))">\
            <img src="\(url(.light))" alt="\(name)" width="\(width)" height="\(height)" loading="lazy"></picture>
            """
    }
}
