package import Central
internal import Foundation
package import HTTP
package import Logging
internal import Wire

/// The centre's pages: the fleet as operators see it, and what users have of it; each a document of JSON too at the same
/// address.
package struct CentralPages: Responder {
    private let router: Router

    /// - Parameters:
    ///   - centre: Whose fleet.
    ///   - tokens: Who may look besides users with accounts; nil for nobody.
    ///   - policy: How the pages are reached, and what passwords cost.
    ///   - figures: Where requests are counted.
    ///   - logger: Where faults of ours are told.
    ///   - now: The time by which sessions end.
    package init(
        _ centre: Centre,
        tokens: TokenFile?,
        policy: PagePolicy,
        figures: RequestFigures,
        logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        let accounts = Accounts(
            centre: centre,
            hasher: policy.hasher,
            limiter: LoginLimiter(now: now),
            logger: logger
        )
        let gate = Gate(tokens, Sessions(now: now), accounts, policy, figures)
        var router = Router(
            logger: logger,
            now: now,
            observer: { figures.count($0, $1, $2) },
            excuse: { refusal, request in Shell.response(refusal, for: request) }
        )
        Self.addOpenRoutes(&router, gate)
        Self.addAccounts(&router, gate, centre)
        Self.addPages(&router, gate, centre)
        Self.addTunnels(&router, gate, centre)
        Self.addPictures(&router, gate, centre)
        self.router = router
    }

    package func respond(to request: Request) async -> Response { await self.router.respond(to: request) }

    // MARK: - What strangers may see

    private static func addOpenRoutes(_ router: inout Router, _ gate: Gate) {
        router.get("/style.css") { _ in
            Shell.response(type: "text/css; charset=utf-8", StyleSheet.text, kept: .openly)
        }
        router.get("/icon.svg") { _ in
            Shell.response(type: "image/svg+xml", LoginPage.icon, kept: .openly)
        }
        router.get("/login") { call in
            LoginPage.response(.ok, for: call.request, hasTokens: gate.hasTokens)
        }
        router.post("/login") { call in
            try await gate.logIn(call.request)
                ?? LoginPage.response(.forbidden, for: call.request, hasTokens: gate.hasTokens)
        }
        router.post("/logout") { call in try await gate.logOut(call.request) }
        router.get("/welcome/{token}") { call in
            try await Self.excusing {
                try await AccountPages.welcome(call["token"], gate.accounts.centre, for: call.request)
            }
        }
        router.post("/welcome/{token}") { call in
            try await Self.excusing { try await AccountPages.redeem(call["token"], gate, call.request) }
        }
    }

    // MARK: - What users see

    private static func addAccounts(_ router: inout Router, _ gate: Gate, _ centre: Centre) {
        router.get("/home") { call in
            try await Self.answer(call, gate) { visitor in
                try Shell.response(try await HomePages.home(visitor, centre), for: call.request, visitor)
            }
        }
        Self.addOwnTunnels(&router, gate, centre)
        router.get("/account") { call in
            try await Self.answer(call, gate) { visitor in
                try Shell.response(
                    try await AccountPages.account(visitor, centre),
                    for: call.request,
                    visitor
                )
            }
        }
        router.post("/account/password") { call in
            try await Self.answer(call, gate) { visitor in
                try await AccountPages.changePassword(visitor, gate, call.request)
            }
        }
        router.post("/account/sessions") { call in
            try await Self.answer(call, gate) { visitor in
                try await AccountPages.endSessions(visitor, gate, call.request)
            }
        }
    }

    /// What operators are told names hosts, keys and commands.
    private static let unreachable = Refusal(
        .serviceUnavailable,
        "its PoP does not answer at the moment; the operators can see why"
    )

    /// A user's own tunnels; those of others are as if they were not there.
    private static func addOwnTunnels(_ router: inout Router, _ gate: Gate, _ centre: Centre) {
        func own(
            _ pattern: StaticString,
            _ response: @escaping @Sendable (Router.Call, Visitor, TunnelDocument) async throws -> Response
        ) {
            router.get(pattern) { call in
                try await Self.answer(call, gate) { visitor in
                    let number = try Self.parse(call["number"], "tunnel", Parsers.tunnel)
                    let tunnel = try await HomePages.tunnel(number, of: visitor, centre)
                    do { return try await response(call, visitor, tunnel) } catch RegistryError.unusable {
                        throw Self.unreachable
                    }
                }
            }
        }
        let questions = LiveQuestions { try await InspectTunnel($0).row(in: centre) }
        own("/home/tunnels/{number}") { call, visitor, tunnel in
            let period = try Pictures.period(of: call.request)
            let view = try await HomePages.view(tunnel, centre, graphs: period)
            return try Shell.response(view, for: call.request, visitor)
        }
        own("/home/tunnels/{number}/config") { call, visitor, tunnel in
            let number = try Parsers.tunnel(tunnel.tunnel)
            let view = try await ConfigurationPage.view(number, centre, at: gate.policy.url)
            return try Shell.response(view, for: call.request, visitor)
        }
        own("/home/tunnels/{number}/live") { call, visitor, tunnel in
            let (answer, time) = try await questions.answer(about: try Parsers.tunnel(tunnel.tunnel))
            return try Shell.response(
                try HomePages.live(tunnel, answer, at: time),
                for: call.request,
                visitor
            )
        }
        own("/home/tunnels/{number}/{picture}") { call, _, tunnel in
            try await Pictures.response(call, of: .tunnel(try Parsers.tunnel(tunnel.tunnel)), centre)
        }
    }

    // MARK: - What operators see

    private static func page(
        _ router: inout Router,
        _ pattern: StaticString,
        _ gate: Gate,
        _ view: @escaping @Sendable (Router.Call) async throws -> View
    ) {
        Self.answer(&router, pattern, gate) { call, visitor in
            try Shell.response(try await view(call), for: call.request, visitor)
        }
    }

    /// A page that shows people, or what they did.
    private static func pageOfPeople(
        _ router: inout Router,
        _ pattern: StaticString,
        _ gate: Gate,
        _ view: @escaping @Sendable (Router.Call) async throws -> View
    ) {
        Self.answer(&router, pattern, gate) { call, visitor in
            try visitor.mustSeePeople()
            return try Shell.response(try await view(call), for: call.request, visitor)
        }
    }

    private static func answer(
        _ router: inout Router,
        _ pattern: StaticString,
        _ gate: Gate,
        _ response: @escaping @Sendable (Router.Call, Visitor) async throws -> Response
    ) {
        router.get(pattern) { call in
            try await Self.answer(call, gate) { visitor in
                // Where users land who log in without a place to go to.
                if visitor.role == .user, call.request.target.path.isEmpty {
                    return Response(
                        .seeOther,
                        headers: [
                            (name: "Location", value: "/home"), (name: "Cache-Control", value: "no-store"),
                        ]
                    )
                }
                try visitor.mustSeeFleet()
                return try await response(call, visitor)
            }
        }
    }

    /// Answers who is logged in; leads others to the login.
    private static func answer(
        _ call: Router.Call,
        _ gate: Gate,
        _ response: (Visitor) async throws -> Response
    ) async throws -> Response {
        try await Self.excusing {
            guard let visitor = try await gate.visitor(of: call.request) else {
                return try LoginPage.demand(call.request)
            }
            return try await response(visitor)
        }
    }

    /// Says of what the registry refuses what whoever asks can do.
    private static func excusing(_ response: () async throws -> Response) async throws -> Response {
        do {
            return try await response()
        } catch let error as RegistryError {
            throw Self.refusal(error)
        }
    }

    private static func refusal(_ error: RegistryError) -> Refusal {
        switch error {
        case .notFound(let reason): Refusal(.notFound, reason)
        case .refused(let reason): Refusal(.badRequest, reason)
        case .unusable(let reason): Refusal(.serviceUnavailable, reason)
        }
    }

    private static func addPages(_ router: inout Router, _ gate: Gate, _ centre: Centre) {
        Self.page(&router, "/", gate) { call in
            try await FleetPage.view(centre, graphs: try Pictures.period(of: call.request), now: Date())
        }
        Self.page(&router, "/pops/{name}", gate) { call in
            let name = try Self.parse(call["name"], "PoP", Parsers.popName)
            return try await PoPPage.view(
                name,
                centre,
                graphs: try Pictures.period(of: call.request),
                now: Date()
            )
        }
        Self.page(&router, "/pops/{name}/changes/{generation}", gate) { call in
            let name = try Self.parse(call["name"], "PoP", Parsers.popName)
            guard let number = Int(call["generation"]), (2...1_000_000_000).contains(number) else {
                throw Refusal(.notFound, "generations are numbers from 2 on")
            }
            return try await PoPPage.changes(name, number, centre)
        }
        Self.pageOfPeople(&router, "/users", gate) { _ in try await UserPages.list(centre) }
        Self.pageOfPeople(&router, "/users/{handle}", gate) { call in
            try await UserPages.one(try Self.parse(call["handle"], "user", Parsers.handle), centre)
        }
        Self.page(&router, "/events", gate) { try await HistoryPages.events($0.request, centre) }
        Self.pageOfPeople(&router, "/audit", gate) { try await HistoryPages.audit($0.request, centre) }
        Self.page(&router, "/rounds", gate) { try await HistoryPages.rounds($0.request, centre, now: Date()) }
    }

    private static func addTunnels(_ router: inout Router, _ gate: Gate, _ centre: Centre) {
        let questions = LiveQuestions { try await InspectTunnel($0).row(in: centre) }
        let errors = LiveQuestions { try await InspectErrors($0).run(in: centre) }
        Self.page(&router, "/tunnels/down", gate) { _ in try await HistoryPages.down(centre, now: Date()) }
        Self.page(&router, "/tunnels/{number}", gate) { call in
            let number = try Self.parse(call["number"], "tunnel", Parsers.tunnel)
            return try await TunnelPage.view(number, centre, graphs: try Pictures.period(of: call.request))
        }
        Self.page(&router, "/tunnels/{number}/live", gate) { call in
            let number = try Self.parse(call["number"], "tunnel", Parsers.tunnel)
            let (answer, time) = try await questions.answer(about: number)
            return try TunnelPage.live(number, answer, at: time)
        }
        Self.page(&router, "/tunnels/{number}/config", gate) { call in
            let number = try Self.parse(call["number"], "tunnel", Parsers.tunnel)
            return try await ConfigurationPage.view(number, centre, at: gate.policy.url)
        }
        Self.page(&router, "/tunnels/{number}/errors", gate) { call in
            let number = try Self.parse(call["number"], "tunnel", Parsers.tunnel)
            let (answer, time) = try await errors.answer(about: number)
            return try TunnelPage.errors(number, answer, at: time)
        }
    }

    /// The graphs that pages show, `latency.svg` and so on.
    private static func addPictures(_ router: inout Router, _ gate: Gate, _ centre: Centre) {
        Self.answer(&router, "/fleet/{picture}", gate) { call, _ in
            try await Pictures.response(call, of: nil, centre)
        }
        Self.answer(&router, "/pops/{name}/{picture}", gate) { call, _ in
            let name = try Self.parse(call["name"], "PoP", Parsers.popName)
            return try await Pictures.response(call, of: .pop(name), centre)
        }
        Self.answer(&router, "/tunnels/{number}/{picture}", gate) { call, _ in
            let number = try Self.parse(call["number"], "tunnel", Parsers.tunnel)
            return try await Pictures.response(call, of: .tunnel(number), centre)
        }
    }

    /// Reads a name of a path; one that nothing can have is of nothing that there is.
    private static func parse<Value>(
        _ text: String,
        _ what: String,
        _ parser: (String) throws -> Value
    ) throws(Refusal) -> Value {
        do { return try parser(text) } catch {
            throw Refusal(.notFound, "there is no \(what) \(text.printable.shortened(to: 60))")
        }
    }
}
