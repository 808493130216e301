package import Central
package import HTTP
package import Logging
package import Wire

/// Answers the dynamic-DNS requests by which users' routers tell where their tunnels end: `/nic/update`, `/nic/checkip`.
///
/// No query and no header of a request is ever logged: keys stand in them.
package struct EndpointUpdates: Responder {
    /// How updates are judged.
    package struct Policy: Sendable {
        /// Addresses that speak for others, with `X-Forwarded-For`; whoever comes over a UNIX socket does, too.
        package var proxies: Set<IPAddress> = []

        /// Whether tunnels may end at addresses that are none of the public internet.
        package var allowsAnyAddress = false

        package init() {}
    }

    private let centre: Centre
    private let policy: Policy
    private let figures: RequestFigures
    private let limiter: UpdateLimiter
    private let logger: Logger
    private let now: @Sendable () -> ContinuousClock.Instant

    /// After how many seconds a client may come again when the fault is ours.
    private static let pause = 60

    package init(
        _ centre: Centre,
        policy: Policy,
        figures: RequestFigures,
        logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.centre = centre
        self.policy = policy
        self.figures = figures
        self.limiter = UpdateLimiter(now: now)
        self.logger = logger
        self.now = now
    }

    package func respond(to request: Request) async -> Response {
        let begin = self.now()
        let (pattern, response) = await self.answer(request)
        self.figures.count(pattern, response.status, self.now() - begin)
        return response
    }

    private func answer(_ request: Request) async -> (pattern: String, response: Response) {
        let isReading = request.method == "GET" || request.method == "HEAD"
        switch request.target.path {
        case ["nic", "update"] where request.method == "GET" || request.method == "POST":
            let reply = await self.update(request)
            self.figures.countUpdate(reply.word)
            return ("/nic/update", reply.response)
        case ["nic", "checkip"] where isReading:
            let client = self.client(of: request)
            let text = client.map { "\($0)" } ?? "unknown"
            return ("/nic/checkip", UpdateReply.response(client == nil ? .notFound : .ok, text))
        case ["nic", "update"], ["nic", "checkip"]:
            let methods = request.target.path == ["nic", "update"] ? "GET, POST" : "GET, HEAD"
            let refusal = Refusal(
                .methodNotAllowed,
                "this address answers \(methods)",
                headers: [(name: "Allow", value: methods)]
            )
            return (Router.noPattern, Response(refusal))
        default:
            return (Router.noPattern, Response(Refusal(.notFound, "there is nothing at this address")))
        }
    }

    private func client(of request: Request) -> IPAddress? { request.client(behind: self.policy.proxies) }

    private func update(_ request: Request) async -> UpdateReply {
        let client = self.client(of: request)
        if let client, let seconds = self.limiter.admit(client) { return .later(seconds) }
        let field = Self.fields(of: request)
        let credentials = request.header("authorization").flatMap(BasicCredentials.init(parsing:))
        guard let user = credentials?.user ?? field("username"),
            let key = credentials?.password ?? field("password"), !user.isEmpty, !key.isEmpty
        else { return self.unauthorized(client, "no user name and key") }
        guard let name = field("hostname"), let tunnel = Self.tunnel(named: name) else { return .notfqdn }
        let wanted = field("myip").flatMap { $0.isEmpty ? nil : $0 }
        let address = wanted.map { try? IPAddress(parsing: $0) } ?? client
        guard case .ipv4(let address)? = address, self.policy.allowsAnyAddress || address.isOfPublicInternet
        else {
            // Over IPv6 comes who forgot to force IPv4: that it is refused must be found somewhere.
            self.logger.info("\(tunnel): endpoint refused: \(Self.fault(of: address, wanted))")
            return .badip
        }
        let update = UpdateEndpoint(user: user, key: key, tunnel: tunnel, address: address, client: client)
        return await self.run(update)
    }

    /// What is wrong with where a tunnel is to end.
    private static func fault(of address: IPAddress?, _ wanted: String?) -> String {
        switch (address, wanted) {
        case (let address?, nil): "\(address), from which the request came, is no public IPv4 address"
        case (let address?, _?): "\(address) is no public IPv4 address"
        case (nil, let wanted?): "'\(wanted.prefix(64).description.printable)' is no address"
        case (nil, nil): "no myip, and the proxy sends no X-Forwarded-For that says who asks"
        }
    }

    /// The fields of the form, where there is one, and of the query: some clients put part of them into each.
    private static func fields(of request: Request) -> (String) -> String? {
        let query = request.target.query
        let form = request.method == "POST" && !request.body.isEmpty ? try? request.form() : nil
        return { form?[$0] ?? query[$0] }
    }

    /// `5072`, `T5072`, `t5072.tunnels.example.net`.
    static func tunnel(named text: String) -> TunnelNumber? {
        let label = text.prefix { $0 != "." }
        let digits = label.first.map { $0 == "T" || $0 == "t" } == true ? label.dropFirst() : label
        return try? TunnelNumber(parsing: "T\(digits)")
    }

    /// Who it was is said in the log, by the address alone: a key may have been sent as the name.
    private func unauthorized(_ client: IPAddress?, _ words: String) -> UpdateReply {
        if let client { self.limiter.noteFailure(client) }
        self.logger.info("endpoint update refused (\(client.map { "\($0)" } ?? "unknown address")): \(words)")
        return .badauth
    }

    private func run(_ update: UpdateEndpoint) async -> UpdateReply {
        do {
            switch try await update.run(in: self.centre) {
            case .done(.changed(let old)):
                self.logger.info("\(update.tunnel): ends at \(update.address) now, not at \(old)")
                return .good(update.address)
            case .done(.unchanged): return .nochg(update.address)
            case .done(.deferred(let seconds)): return .later(seconds)
            case .done(.tooMany): return .abuse
            case .unauthorized, .done(.unauthorized):
                // Some routers put the key where the name belongs: what is nobody's name is not said.
                return self.unauthorized(update.client, "wrong user name or key for \(update.tunnel)")
            case .hasNoEndpoint: return .nohost
            case .badAddress(let reason):
                self.logger.notice("\(update.tunnel): an endpoint was refused: \(reason)")
                return .badip
            }
        } catch {
            self.logger.error("\(update.tunnel): its endpoint could not be changed: \(error)")
            return .later(Self.pause)
        }
    }
}
