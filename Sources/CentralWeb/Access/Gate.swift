internal import HTTP
internal import Wire

/// Lets in who has a token: by a cookie after a login, or with every request in the header `Authorization`.
struct Gate: Sendable {
    /// What the cookie is called.
    static let cookie = "sixxs_session"

    private let tokens: TokenFile
    private let sessions: Sessions
    private let figures: RequestFigures

    init(_ tokens: TokenFile, _ sessions: Sessions, _ figures: RequestFigures) {
        self.tokens = tokens
        self.sessions = sessions
        self.figures = figures
    }

    /// Who asks; nil for a stranger.
    func visitor(of request: Request) -> Visitor? {
        if let session = request.cookie(Self.cookie) { return self.sessions.visitor(of: session) }
        guard let header = request.header("authorization"), header.lowercased().hasPrefix("bearer "),
            !self.sessions.isClosed(to: request.client)
        else { return nil }
        let owner = self.tokens.owner(of: String(header.dropFirst("bearer ".count)))
        if owner == nil { self.sessions.noteFailure(of: request.client) }
        return owner?.visitor
    }

    /// Logs somebody in.
    ///
    /// - Returns: Where to go, with the cookie; nil when the token is nobody's.
    /// - Throws: ``HTTP/Refusal``.
    func logIn(_ request: Request) throws(Refusal) -> Response? {
        try self.requireOwnForm(request)
        guard !self.sessions.isClosed(to: request.client) else {
            throw Refusal(.tooManyRequests, "too many attempts failed: try again in a minute")
        }
        let form = try request.form()
        guard let owner = self.tokens.owner(of: form["token"] ?? "") else {
            self.sessions.noteFailure(of: request.client)
            self.figures.countLogin("refused")
            return nil
        }
        self.figures.countLogin("accepted")
        let next = form["next"].flatMap(URLText.init(checking:))
        let place = next.flatMap { $0.text.hasPrefix("/") ? $0.text : nil } ?? "/"
        let age = min(Sessions.duration.components.seconds, owner.secondsLeft ?? .max)
        let session = self.sessions.begin(owner.visitor, for: .seconds(age))
        return Self.redirect(to: place, cookie: session, age: age, request)
    }

    /// Ends somebody's session.
    ///
    /// - Throws: ``HTTP/Refusal``.
    func logOut(_ request: Request) throws(Refusal) -> Response {
        try self.requireOwnForm(request)
        if let session = request.cookie(Self.cookie) { self.sessions.end(session) }
        return Self.redirect(to: "/login", cookie: "", age: 0, request)
    }

    /// A form of another site's must not do anything here; browsers say where a form was.
    private func requireOwnForm(_ request: Request) throws(Refusal) {
        if let site = request.header("sec-fetch-site"), site != "same-origin", site != "none" {
            throw Refusal(.forbidden, "the form is another site's")
        }
        if let origin = request.header("origin"), let host = request.header("host"),
            origin != "http://\(host)", origin != "https://\(host)"
        {
            throw Refusal(.forbidden, "the form is another site's")
        }
    }

    private static func redirect(
        to place: String,
        cookie: String,
        age: Int64,
        _ request: Request
    ) -> Response {
        // Behind a proxy with TLS the cookie must never go without.
        let secure = request.header("x-forwarded-proto") == "https" ? "; Secure" : ""
        let text = "\(Self.cookie)=\(cookie); Path=/; HttpOnly; SameSite=Lax; Max-Age=\(age)\(secure)"
        return Response(
            .seeOther,
            headers: [(name: "Location", value: place), (name: "Set-Cookie", value: text)]
        )
    }
}
