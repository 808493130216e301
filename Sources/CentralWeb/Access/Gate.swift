internal import Central
internal import HTTP
internal import Logging
internal import Wire

/// Lets in who has a token or an account: by a cookie after a login, or by a token with every request in `Authorization`.
struct Gate: Sendable {
    private let tokens: TokenFile?
    private let sessions: Sessions
    let accounts: Accounts
    let policy: PagePolicy
    private let figures: RequestFigures

    init(
        _ tokens: TokenFile?,
        _ sessions: Sessions,
        _ accounts: Accounts,
        _ policy: PagePolicy,
        _ figures: RequestFigures
    ) {
        self.tokens = tokens
        self.sessions = sessions
        self.accounts = accounts
        self.policy = policy
        self.figures = figures
    }

    /// Whether anybody has a token.
    var hasTokens: Bool { self.tokens != nil }

    /// Who asks, by the connection or by a proxy's word.
    func client(of request: Request) -> IPAddress? { request.client(behind: self.policy.proxies) }

    /// Who asks; nil for a stranger.
    func visitor(of request: Request) async throws -> Visitor? {
        if let cookie = request.cookie(self.policy.cookie) {
            guard cookie.utf8.count == Self.cookieLength else { return nil }
            let found: Visitor?
            if let known = self.sessions.visitor(of: cookie) {
                found = known
            } else {
                found = try await self.accounts.visitor(of: cookie)
            }
            guard var visitor = found else { return nil }
            visitor.formToken = Self.formToken(of: cookie)
            return visitor
        }
        guard self.tokens != nil, let header = request.header("authorization"),
            header.lowercased().hasPrefix("bearer ")
        else { return nil }
        let token = String(header.dropFirst("bearer ".count))
        return try self.owner(of: token, self.client(of: request))?.visitor
    }

    /// Whose token it is; nil when it is nobody's.
    ///
    /// A right one is let in however many wrong ones came from where it comes: whoever is behind the same proxy must not keep others
    /// out, and tokens are too long to be guessed.
    ///
    /// - Throws: ``HTTP/Refusal`` for a wrong one behind too many others.
    private func owner(
        of token: String,
        _ client: IPAddress?
    ) throws(Refusal) -> (visitor: Visitor, secondsLeft: Int64?)? {
        if let owner = self.tokens?.owner(of: token) { return owner }
        guard !self.sessions.isClosed(to: client) else { throw Self.tooMany }
        self.sessions.noteFailure(of: client)
        let place = client.map { "\($0)" } ?? "an unknown address"
        self.accounts.logger.notice("a token from \(place) was refused")
        return nil
    }

    private static let tooMany = Refusal(
        .tooManyRequests,
        "too many attempts failed: try again in a minute",
        headers: [(name: "Retry-After", value: "60")]
    )

    /// Octets of what a cookie says.
    private static let cookieLength = 64

    /// What forms have in them: nobody can work it out who does not know the cookie, nor the cookie from it.
    private static func formToken(of cookie: String) -> String {
        MessageDigest.sha256.authenticationCode(of: Array("form".utf8), key: Array(cookie.utf8))
            .hexadecimalText
    }

    /// The form of somebody who is logged in, if it is one of ours.
    ///
    /// - Throws: ``HTTP/Refusal``.
    func form(_ request: Request, of visitor: Visitor) throws(Refusal) -> FormFields {
        try self.requireOwnForm(request)
        let form = try request.form()
        let (given, expected) = ((form["form"] ?? "").utf8, visitor.formToken.utf8)
        guard !expected.isEmpty, given.isEqualInConstantTime(to: expected) else {
            throw Refusal(.forbidden, "the form is too old: load its page again")
        }
        return form
    }

    /// Logs somebody in.
    ///
    /// - Returns: Where to go, with the cookie; nil when token or password are nobody's.
    /// - Throws: ``HTTP/Refusal``.
    func logIn(_ request: Request) async throws -> Response? {
        try self.requireOwnForm(request)
        let client = self.client(of: request)
        let form = try request.form()
        let next = form["next"].flatMap(URLText.init(checking:))
        let place = next.flatMap { $0.text.hasPrefix("/") ? $0.text : nil } ?? "/"
        let response: Response?
        if let token = form["token"] {
            response = try self.logIn(token, client, to: place, request)
        } else {
            // All whom a proxy does not tell apart would keep each other out; handles have limits of their own.
            if let client {
                guard !self.sessions.isClosed(to: client) else { throw Self.tooMany }
                // Before it is looked at, so that many at once are counted too.
                self.sessions.noteFailure(of: client)
            }
            let (user, password) = (form["user"] ?? "", form["password"] ?? "")
            response = try await self.accounts.logIn(user, password, from: client).map { answer in
                let isHome = answer.role == .user && place == "/"
                let age = Int64(WebSession.longest)
                return self.redirect(to: isHome ? "/home" : place, cookie: answer.token, age: age, request)
            }
        }
        if response != nil { try await self.endSession(of: request) }
        self.figures.countLogin(response == nil ? "refused" : "accepted")
        return response
    }

    private func logIn(
        _ token: String,
        _ client: IPAddress?,
        to place: String,
        _ request: Request
    ) throws(Refusal) -> Response? {
        guard let owner = try self.owner(of: token, client) else { return nil }
        let age = min(Sessions.duration.components.seconds, owner.secondsLeft ?? .max)
        let session = self.sessions.begin(owner.visitor, for: .seconds(age))
        return self.redirect(to: place, cookie: session, age: age, request)
    }

    /// Ends somebody's session.
    ///
    /// - Throws: ``HTTP/Refusal``.
    func logOut(_ request: Request) async throws -> Response {
        try self.requireOwnForm(request)
        if let visitor = try await self.visitor(of: request) {
            _ = try self.form(request, of: visitor)
            try await self.endSession(of: request)
        }
        return self.goodbye(request)
    }

    /// The session that a browser had is over when it gets another.
    private func endSession(of request: Request) async throws {
        guard let cookie = request.cookie(self.policy.cookie) else { return }
        self.sessions.end(cookie)
        try await self.accounts.centre.store.accounts.end(SecretToken(of: cookie))
    }

    /// Takes the cookie away and leads to the login.
    func goodbye(_ request: Request) -> Response {
        self.redirect(to: "/login", cookie: "", age: 0, request)
    }

    /// A form of another site's must not do anything here; browsers say where a form was.
    func requireOwnForm(_ request: Request) throws(Refusal) {
        if let site = request.header("sec-fetch-site"), site != "same-origin", site != "none" {
            throw Refusal(.forbidden, "the form is another site's")
        }
        guard let origin = request.header("origin"), origin != self.policy.url?.description else { return }
        if let host = request.header("host"), origin != "http://\(host)", origin != "https://\(host)" {
            throw Refusal(.forbidden, "the form is another site's")
        }
    }

    private func redirect(
        to place: String,
        cookie: String,
        age: Int64,
        _ request: Request
    ) -> Response {
        // Behind a proxy with TLS the cookie must never go without.
        let isSecure = self.policy.url?.isSecure == true || request.header("x-forwarded-proto") == "https"
        let text =
            "\(self.policy.cookie)=\(cookie); Path=/; HttpOnly; SameSite=Lax; Max-Age=\(age)"
            + (isSecure ? "; Secure" : "")
        return Response(
            .seeOther,
            headers: [
                (name: "Location", value: place), (name: "Set-Cookie", value: text),
                (name: "Cache-Control", value: "no-store"),
            ]
        )
    }
}
