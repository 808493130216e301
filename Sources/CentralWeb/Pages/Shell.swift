internal import Central
internal import Foundation
internal import HTTP
internal import Wire

/// What all pages have around them, and the headers that go with every answer.
enum Shell {
    /// Who sees a section.
    private enum Audience {
        case fleet
        case people
        case account
    }

    private static let sections: [(path: [String], name: String, audience: Audience)] = [
        ([], "Fleet", .fleet), (["tunnels", "down"], "Down", .fleet), (["users"], "Users", .people),
        (["events"], "Events", .fleet), (["audit"], "Audit", .people), (["rounds"], "Rounds", .fleet),
        (["home"], "Your tunnels", .account), (["account"], "Account", .account),
    ]

    private static func sees(_ visitor: Visitor, _ audience: Audience) -> Bool {
        switch audience {
        case .fleet: visitor.role != .user
        case .people: visitor.role == .operator
        case .account: visitor.user != nil
        }
    }

    /// Nothing is loaded but our own style and pictures, nothing runs, nobody frames us or gets our addresses.
    private static let headers: [(name: String, value: String)] = [
        (
            name: "Content-Security-Policy",
            value:
                "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        (name: "X-Content-Type-Options", value: "nosniff"),
        (name: "Referrer-Policy", value: "same-origin"),
    ]

    /// For how long an answer may be shown again without asking.
    enum Keeping: String {
        /// What an operator sees, and may not see any more in a moment.
        case never = "no-store"

        /// A picture, by the browser that got it: it has a new step in ten minutes.
        case briefly = "private, max-age=300"

        /// What everybody may see.
        case openly = "max-age=3600"
    }

    /// An answer with the headers of all.
    static func response(
        _ status: Status = .ok,
        type: String,
        _ text: String,
        kept keeping: Keeping = .never
    ) -> Response {
        var response = Response(status, type: type, text)
        response.headers += Self.headers
        response.headers.append((name: "Cache-Control", value: keeping.rawValue))
        response.headers.append((name: "Vary", value: "Accept, Authorization, Cookie"))
        return response
    }

    /// A view as whoever asks wants it.
    ///
    /// - Throws: What writing its document throws.
    static func response(_ view: View, for request: Request, _ visitor: Visitor) throws -> Response {
        guard !Self.wantsJSON(request) else {
            return Self.response(type: "application/json", try view.json() + "\n")
        }
        let page = Self.page(view.title, view.body, at: request.target, visitor)
        return Self.response(type: "text/html; charset=utf-8", page.text)
    }

    /// A refusal as whoever asks wants it.
    static func response(_ refusal: Refusal, for request: Request) -> Response {
        var response: Response
        if Self.wantsJSON(request) {
            let text = (try? JSONText.indented(["error": refusal.reason])) ?? ""
            response = Self.response(refusal.status, type: "application/json", text + "\n")
        } else {
            let title = "\(refusal.status.rawValue) \(refusal.status.phrase)"
            let body: HTML = "<p>\(refusal.reason)</p>"
            let page = Self.page(title, body, at: request.target, nil)
            response = Self.response(refusal.status, type: "text/html; charset=utf-8", page.text)
        }
        response.headers += refusal.headers
        return response
    }

    static func wantsJSON(_ request: Request) -> Bool {
        let accepted = AcceptedMedia(parsing: request.header("accept"))
        return accepted.preferred(of: ["text/html", "application/json"]) == "application/json"
    }

    /// A whole page; nobody who is not logged in is shown where to go.
    static func page(_ title: String, _ body: HTML, at target: RequestTarget, _ visitor: Visitor?) -> HTML {
        let time = Date().iso8601
        return """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title) · SixXS centre</title><link rel="stylesheet" href="/style.css"><link rel="icon" href="/icon.svg"></head>
            <body><a class="skip" href="#content">To the content</a>
            <header>\(visitor.map { Self.navigation(at: target, $0) } ?? "<strong>SixXS centre</strong>")</header>
            <main id="content"><h1>\(title)</h1>
            \(body)
            </main><footer>As of \(time) · times are UTC · sixxs-central \(Release.version)</footer></body></html>

            """
    }

    private static func navigation(at target: RequestTarget, _ visitor: Visitor) -> HTML {
        let sections = Self.sections.filter { Self.sees(visitor, $0.audience) }
        let links = sections.map { section -> HTML in
            let url = URLText(path: section.path)
            let current: HTML = target.path == section.path ? " aria-current=\"page\"" : ""
            return "<a href=\"\(url)\"\(current)>\(section.name)</a>"
        }
        let leave: HTML = "<button>Log out \(visitor.name)</button>"
        return """
            <nav aria-label="Pages">\(links)
            \(Elements.form("/logout", visitor, leave))</nav>
            """
    }
}
