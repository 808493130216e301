internal import HTTP
internal import Wire

/// Where operators log in.
enum LoginPage {
    /// A tunnel's mouth.
    static let icon = """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" role="img"><title>SixXS centre</title>\
        <circle cx="8" cy="8" r="7" fill="#0550ae"/><circle cx="8" cy="8" r="3.5" fill="#ffffff"/></svg>
        """

    /// The form, and with a refusal why one is here again.
    static func response(_ status: Status, for request: Request) -> Response {
        guard !Shell.wantsJSON(request) else {
            let refusal = Refusal(.unauthorized, "the token is nobody's", headers: Self.challenge)
            return Shell.response(refusal, for: request)
        }
        let next = request.target.query["next"] ?? "/"
        let error: HTML =
            status == .ok ? "" : "<p class=\"verdict critical\" role=\"alert\">The token is nobody's.</p>"
        let body: HTML = """
            \(error)<form method="post" action="/login">
            <input type="text" name="user" value="operator" autocomplete="username" aria-label="User" hidden>
            <p><label>Token <input type="password" name="token" autocomplete="current-password" required></label></p>
            <input type="hidden" name="next" value="\(next)"><p><button>Log in</button></p></form>
            """
        let page = Shell.page("Log in", body, at: request.target, nil)
        return Shell.response(status, type: "text/html; charset=utf-8", page.text)
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
