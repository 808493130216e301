internal import Central
internal import HTTP
internal import Wire

/// What users do with their accounts: choose a password by a link, change it, log out everywhere.
enum AccountPages {
    /// What programs get.
    private struct Document: Encodable {
        let handle: String
        let role: String
        let sessions: [ListSessions.Item]
    }

    // MARK: - By a link

    /// The form behind a link; looking at it uses nothing up, since mail programs look, too.
    static func welcome(_ token: String, _ centre: Centre, for request: Request) async throws -> Response {
        guard let user = try await ChooseWebPassword.user(of: token, in: centre) else {
            throw Self.staleLink
        }
        return Self.welcome(user, error: nil, .ok, for: request)
    }

    private static let staleLink = Refusal(
        .notFound,
        "this link is good no more: links are good once, and not for long. Ask the operators for another."
    )

    private static func welcome(
        _ user: UserHandle,
        error: String?,
        _ status: Status,
        for request: Request
    ) -> Response {
        let body: HTML = """
            \(Self.alert(error))<p>You are <strong>\(user.description)</strong>. Choose the password with which you log in to these pages.</p>
            <form method="post">
            <input type="text" name="user" value="\(user.description)" autocomplete="username" aria-label="Handle" hidden>
            \(Self.newPassword)<p><button>Choose this password</button></p></form>
            """
        let page = Shell.page("Welcome", body, at: request.target, nil)
        var response = Shell.response(status, type: "text/html; charset=utf-8", page.text)
        // The address has the link in it, and is sent along with requests for pictures otherwise. Without any, browsers would say
        // that the form comes from nowhere.
        response.headers.removeAll { $0.name == "Referrer-Policy" }
        response.headers.append((name: "Referrer-Policy", value: "strict-origin"))
        return response
    }

    /// Uses a link up.
    static func redeem(_ token: String, _ gate: Gate, _ request: Request) async throws -> Response {
        try gate.requireOwnForm(request)
        let form = try request.form()
        let centre = gate.accounts.centre
        guard let user = try await ChooseWebPassword.user(of: token, in: centre) else { throw Self.staleLink }
        guard form["password"] == form["again"] else {
            return Self.welcome(user, error: Self.differ, .badRequest, for: request)
        }
        do {
            let client = gate.client(of: request)
            guard
                let user = try await gate.accounts.choose(.link(token), form["password"] ?? "", from: client)
            else { throw Self.staleLink }
            // Whoever has the link may log in from here, however many others have guessed.
            gate.accounts.limiter.noteSuccess("\(user)", from: client)
        } catch RegistryError.refused(let reason) {
            return Self.welcome(user, error: reason, .badRequest, for: request)
        }
        return gate.goodbye(request)
    }

    // MARK: - Of who is logged in

    static func account(_ visitor: Visitor, _ centre: Centre, error: String? = nil) async throws -> View {
        let user = try visitor.account()
        let sessions = try await ListSessions(of: user).run(in: centre)
        let table = Elements.table(
            "Sessions",
            ["Since", "Last used", "From"],
            sessions.map { ["\($0.begun)", "\($0.used)", "\($0.from ?? "unknown")"] },
            none: "You are logged in nowhere."
        )
        let change: HTML = """
            <input type="text" name="user" value="\(user.description)" autocomplete="username" aria-label="Handle" hidden>
            <p><label>Present password <input type="password" name="old" autocomplete="current-password" maxlength="200" required></label></p>
            \(Self.newPassword)<p><button>Change the password</button></p>
            """
        let leave: HTML = "<p><button>Log out everywhere</button></p>"
        let body: HTML = """
            \(Self.alert(error))<h2>Another password</h2>
            \(Elements.form("/account/password", visitor, change))
            <p class="soft">You are logged out everywhere then. The secrets of your tunnels stay as they are.</p>
            <h2>Where you are logged in</h2>\(table)
            \(Elements.form("/account/sessions", visitor, leave))
            """
        let document = Document(handle: user.description, role: visitor.role.rawValue, sessions: sessions)
        return View("Account of \(user)", document, body)
    }

    static func changePassword(_ visitor: Visitor, _ gate: Gate, _ request: Request) async throws -> Response
    {
        let form = try gate.form(request, of: visitor)
        let user = try visitor.account()
        guard form["password"] == form["again"] else {
            return try await Self.refuse(visitor, gate, request, Self.differ)
        }
        // Whoever finds a browser open must not guess for long either.
        let claim = ChooseWebPassword.Claim.password(form["old"] ?? "", of: user)
        // Apart from logins, so that strangers who guess there keep nobody from choosing another; no handle has a slash.
        let bucket = "account/\(visitor.name)"
        if let seconds = gate.accounts.limiter.admit(bucket, from: nil) {
            return try await Self.refuse(
                visitor,
                gate,
                request,
                "too many attempts failed: try again in \(seconds) seconds"
            )
        }
        do {
            let client = gate.client(of: request)
            guard try await gate.accounts.choose(claim, form["password"] ?? "", from: client) != nil else {
                return try await Self.refuse(visitor, gate, request, "that is not your present password")
            }
        } catch RegistryError.refused(let reason) {
            return try await Self.refuse(visitor, gate, request, reason)
        }
        gate.accounts.limiter.noteSuccess(bucket, from: nil)
        return gate.goodbye(request)
    }

    private static func refuse(
        _ visitor: Visitor,
        _ gate: Gate,
        _ request: Request,
        _ reason: String
    ) async throws -> Response {
        let view = try await Self.account(visitor, gate.accounts.centre, error: reason)
        var response = try Shell.response(view, for: request, visitor)
        response.status = .badRequest
        return response
    }

    static func endSessions(_ visitor: Visitor, _ gate: Gate, _ request: Request) async throws -> Response {
        _ = try gate.form(request, of: visitor)
        let user = try visitor.account()
        let centre = gate.accounts.centre.acting(user, gate.client(of: request))
        try await ChangeRegistry(.endSessions(user)).run(in: centre)
        return gate.goodbye(request)
    }

    private static let differ = "the two passwords are not the same"

    private static func alert(_ error: String?) -> HTML {
        error.map { "<p class=\"verdict critical\" role=\"alert\">Not changed: \($0)</p>" } ?? ""
    }

    private static let newPassword: HTML = """
        <p><label>New password <input type="password" name="password" autocomplete="new-password" minlength="10" maxlength="200" required></label></p>
        <p><label>The same again <input type="password" name="again" autocomplete="new-password" minlength="10" maxlength="200" required></label></p>
        <p class="soft">At least ten characters. Three or four words that you see together for the first time are better than one with digits.</p>
        """
}
