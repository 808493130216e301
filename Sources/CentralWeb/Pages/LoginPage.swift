internal import HTTP
internal import Wire

/// Where people log in: users with their passwords, who has a token with that.
enum LoginPage {
    /// A tunnel's mouth.
    static let icon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" role="img"><title>SixXS centre</title>\
        <circle cx="8" cy="8" r="7" fill="#0550ae"/><circle cx="8" cy="8" r="3.5" fill="#ffffff"/></svg>
        """

    /// The forms, and with a refusal why one is here again; one of them only where somebody has a token.
    static func response(_ status: Status, for request: Request, hasTokens: Bool) -> Response {
        guard !Shell.wantsJSON(request) else {
            let refusal = Refusal(.unauthorized, "token or password are nobody's", headers: Self.challenge)
            return Shell.response(refusal, for: request)
        }
        let next = request.target.query["next"] ?? "/"
        let error: HTML = status == .ok ? "" : Self.refusal()
        let tokens: HTML = hasTokens ? Self.tokenForm(next) : ""
        let body: HTML = """
            \(error)<form method="post" action="/login">
            <p><label>Handle <input type="text" name="user" autocomplete="username" maxlength="64" required></label></p>
            <p><label>Password <input type="password" name="password" autocomplete="current-password" maxlength="200" required></label></p>
            <input type="hidden" name="next" value="\(next)"><p><button>Log in</button></p></form>
            \(tokens)
            """
        let page = Shell.page("Log in", body, at: request.target, nil)
        return Shell.response(status, type: "text/html; charset=utf-8", page.text)
    }

    private static func refusal() -> HTML {
        """
        <p class="verdict critical" role="alert">Handle and password, or the token, are nobody's. Who has no password, or forgot it,
        gets a link from the operators.</p>
        """
    }

    private static func tokenForm(_ next: String) -> HTML {
        """
        <h2>With a token</h2><form method="post" action="/login">
        <input type="text" name="name" value="operator" autocomplete="username" aria-label="User" hidden>
        <p><label>Token <input type="password" name="token" autocomplete="current-password" required></label></p>
        <input type="hidden" name="next" value="\(next)"><p><button>Use the token</button></p></form>
        """
    }

    private static let challenge = [(name: "WWW-Authenticate", value: "Bearer")]

    /// Sends people to the form; tells programs what they lack.
    static func demand(_ request: Request) throws(Refusal) -> Response {
        guard !Shell.wantsJSON(request) else {
            throw Refusal(
                .unauthorized,
                "a token is needed: Authorization: Bearer TOKEN",
                headers: Self.challenge
            )
        }
        let place = URLText(path: ["login"], query: [(name: "next", value: request.target.description)])
        return Response(
            .seeOther,
            headers: [(name: "Location", value: place.text), (name: "Cache-Control", value: "no-store")]
        )
    }
}
