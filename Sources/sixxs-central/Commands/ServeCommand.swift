internal import ArgumentParser
internal import Central
internal import CentralTIC
internal import CentralWeb
internal import HTTP
internal import Logging
internal import ServiceLifecycle
internal import Streams
internal import TLS
internal import UnixSignals
internal import Wire

/// `serve`: rounds until told to stop.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Push to all PoPs now, and then at every multiple of the interval, until SIGTERM.",
        discussion: """
            Logs to standard error. Of several on one database one makes the rounds; the others stand by and \
            take over when it ends. A PoP that cannot be reached is tried again between rounds, with growing pauses.

            --web serves pages: the fleet for operators, and to each user what is theirs (user invite lets them in). \
            --web-tokens lets in whose tokens stand in a file, a line each: NAME TOKEN. Each page is JSON too: \
            Accept: application/json, Authorization: Bearer TOKEN. --metrics answers Prometheus.

            --updates answers the dynamic-DNS requests of users' routers (tunnel update-key): GET /nic/update. A new endpoint \
            is at its PoP within seconds. Keys come in the clear: put a proxy with TLS in front, named by --web-proxy unless \
            it comes over a UNIX socket.

            --tic lets clients log in (TIC: AICCU, sixxs-client up --tic) with their user's password, or with a tunnel's own secret \
            (tunnel tic-secret), and tells them how to set up their tunnels. Secrets are compared by challenges (md5, sha256); \
            the tunnels' passwords follow, in the clear unless the client begins TLS (--tic-certificate, --tic-key).

            With --on-event a program is run for each event: a PoP that is unreachable, a push that was rolled back, a \
            tunnel that went down. It reads one line of JSON from standard input, has ten seconds, and is tried three \
            times if it fails. What goes up and down all the time is told once an hour, and at most 30 are told \
            within a minute, the last of them standing for the rest.

            Examples:
              sixxs-central serve --interval 600
              sixxs-central serve --web 8080 --web-tokens /etc/sixxs-central/tokens
              sixxs-central serve --web 8080 --web-url https://tunnels.example.net
              sixxs-central serve --metrics 9143
              sixxs-central serve --updates unix:/run/sixxs-central/updates.sock
              sixxs-central serve --tic [::]:3874 --tic-certificate t.crt --tic-key t.key
              sixxs-central serve --on-event /usr/local/share/sixxs-central/mail-event
            """
    )

    @OptionGroup var store: StoreOptions
    @Option(
        help: "Seconds between rounds, 1 to 86400; default 600.",
        transform: { try Parsers.number($0, in: 1...86400, "seconds") }
    )
    var interval = 600
    @Option(
        help:
            "Seconds until another serve on the same database takes over from this one when it was killed, 3 to 600; default 30.",
        transform: { try Parsers.number($0, in: 3...600, "seconds") }
    )
    var lease = 30
    @Option(
        name: .customLong("on-event"),
        help: ArgumentHelp("The absolute path of a program that is told of each event.", valueName: "program")
    )
    var eventProgram: String?
    @Option(
        help: "trace, debug, info, notice, warning, error or critical; default info.",
        transform: Self.level
    )
    var logLevel = Logger.Level.info

    @Option(
        help:
            "Where pages are served: a port of this host alone, ADDRESS:PORT or unix:PATH; default: nowhere.",
        transform: { try ListenAddress(parsing: $0) }
    )
    var web: ListenAddress?
    @Option(help: "The file of names and tokens that the pages let in, mode 0600.", completion: .file())
    var webTokens: String?
    @Option(
        help:
            "Where people find the pages behind a proxy, such as https://tunnels.example.net: with https, cookies never go without TLS.",
        transform: { try WebURL(parsing: $0) }
    )
    var webUrl: WebURL?
    @Option(
        help:
            "Where routers tell where tunnels end (/nic/update): a port of this host alone, ADDRESS:PORT or unix:PATH; default: nowhere.",
        transform: { try ListenAddress(parsing: $0) }
    )
    var updates: ListenAddress?
    @Flag(help: "Let tunnels end at private and documentation addresses too: for closed networks and tests.")
    var updatesAnyAddress = false
    @Option(
        help:
            "The address of a reverse proxy, which may have more than 32 connections, and whose X-Forwarded-For counts; may be given again.",
        transform: { try IPAddress(parsing: $0) }
    )
    var webProxy: [IPAddress] = []
    @Option(
        help:
            "Where Prometheus finds /metrics: a port of this host alone, ADDRESS:PORT or unix:PATH; default: nowhere.",
        transform: { try ListenAddress(parsing: $0) }
    )
    var metrics: ListenAddress?

    @Option(
        help:
            "Where clients log in by TIC: ADDRESS:PORT or [IPV6]:PORT, usually [::]:3874; default: nowhere.",
        transform: { try Endpoint(parsing: $0) }
    )
    var tic: Endpoint?
    @Option(
        help: "Whether TIC clients may send secrets themselves without TLS: allow or refuse; default refuse."
    )
    var ticClear = ClearSecrets.refuse

    @Option(
        help:
            "The certificate (PEM, with those between it and its root) with which TIC clients begin TLS; read again on SIGHUP.",
        completion: .file()
    )
    var ticCertificate: String?
    @Option(help: "The private key of --tic-certificate (PEM, without a passphrase).", completion: .file())
    var ticKey: String?

    /// Whether secrets themselves may come without TLS.
    enum ClearSecrets: String, CaseIterable, ExpressibleByArgument {
        case allow
        case refuse
    }

    func validate() throws {
        guard self.web != nil || (self.webTokens == nil && self.webUrl == nil) else {
            throw ValidationError("--web-tokens and --web-url go with --web.")
        }
        let addresses = [self.web, self.metrics, self.updates, self.tic.map(ListenAddress.tcp)].compactMap(
            \.self
        )
        guard Set(addresses.map { "\($0)" }).count == addresses.count else {
            throw ValidationError("Pages, metrics, updates and TIC need an address each.")
        }
        guard self.ticClear == .refuse || self.tic != nil else {
            throw ValidationError("--tic-clear goes with --tic.")
        }
        guard (self.ticCertificate == nil) == (self.ticKey == nil), self.ticKey == nil || self.tic != nil
        else {
            throw ValidationError("--tic-certificate and --tic-key go together, and with --tic.")
        }
        guard !self.updatesAnyAddress || self.updates != nil else {
            throw ValidationError("--updates-any-address goes with --updates.")
        }
    }

    private static func level(_ text: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: text) else {
            throw ValidationError("there is no log level \(text)")
        }
        return level
    }

    func run() async throws {
        LoggingSystem.bootstrap { LogStream.handler(label: $0) }
        var logger = Logger(label: "sixxs-central")
        logger.logLevel = self.logLevel
        let rounds = ServeRounds(
            interval: .seconds(self.interval),
            leaseDuration: .seconds(self.lease),
            eventProgram: try self.eventProgram.map { path in try HookProgram(path) }
        )
        let centre = try self.store.serve()
        let termination = await Termination()
        let service = rounds.service(in: centre, logger: logger)
        let faces = try await self.faces(on: centre, rounds.figures, logger)
        logger.info("serving \(self.store.database), a round every \(self.interval) s")
        typealias Member = ServiceGroupConfiguration.ServiceConfiguration
        let end = Member(service: termination, successTerminationBehavior: .gracefullyShutdownGroup)
        let members = ([service] + faces).map { Member(service: $0) }
        try await ServiceGroup(
            configuration: ServiceGroupConfiguration(services: members + [end], logger: logger)
        )
        .run()
    }

    /// What answers whoever connects, where that is wanted.
    private func faces(
        on centre: Centre,
        _ rounds: RoundFigures,
        _ logger: Logger
    ) async throws -> [any Service] {
        var faces: [any Service] = []
        let requests = RequestFigures()
        if let address = self.web {
            faces.append(try await self.pages(on: centre, at: address, requests, logger))
        }
        if let address = self.updates {
            faces.append(try await self.updates(on: centre, at: address, requests, logger))
        }
        let logins = TICFigures()
        if let address = self.tic {
            faces += try await self.tic(on: centre, at: address, logins, logger)
        }
        if let address = self.metrics {
            let metrics = CentreMetrics(
                centre,
                rounds: rounds,
                requests: requests,
                others: [logins.write],
                logger: logger
            )
            faces.append(try await Self.listen(at: address, HTTPLimits(), "metrics", metrics, logger))
        }
        return faces
    }

    private func pages(
        on centre: Centre,
        at address: ListenAddress,
        _ figures: RequestFigures,
        _ logger: Logger
    ) async throws -> HTTPServer {
        guard let cost = PasswordHasher.presentCost else {
            throw RegistryError.unusable("passwords cannot be hashed")
        }
        var policy = PagePolicy(hasher: PasswordHasher(cost: cost))
        policy.url = self.webUrl
        policy.proxies = Set(self.webProxy)
        var limits = HTTPLimits()
        limits.proxies = policy.proxies
        let pages = CentralPages(
            centre,
            tokens: try self.webTokens.map { path in try TokenFile(path: path) },
            policy: policy,
            figures: figures,
            logger: logger
        )
        if !address.isLocal {
            logger.warning(
                "passwords come in the clear to \(address): put a proxy with TLS in front of the pages"
            )
        }
        return try await Self.listen(at: address, limits, "pages", pages, logger)
    }

    private func updates(
        on centre: Centre,
        at address: ListenAddress,
        _ figures: RequestFigures,
        _ logger: Logger
    ) async throws -> HTTPServer {
        var policy = EndpointUpdates.Policy()
        policy.proxies = Set(self.webProxy)
        policy.allowsAnyAddress = self.updatesAnyAddress
        var limits = HTTPLimits()
        limits.proxies = policy.proxies
        let updates = EndpointUpdates(centre, policy: policy, figures: figures, logger: logger)
        if !address.isLocal {
            logger.warning(
                "update keys come in the clear to \(address): put a proxy with TLS in front of the updates"
            )
        }
        return try await Self.listen(at: address, limits, "updates", updates, logger)
    }

    private func certificate() throws -> TLSCertificate? {
        guard let certificate = self.ticCertificate, let key = self.ticKey else { return nil }
        do throws(TLSFailure) { return try TLSCertificate(certificate: certificate, key: key) } catch {
            throw RegistryError.unusable("\(error)")
        }
    }

    private func tic(
        on centre: Centre,
        at address: Endpoint,
        _ figures: TICFigures,
        _ logger: Logger
    ) async throws -> [any Service] {
        var policy = TICServer.Policy()
        policy.allowsClear = self.ticClear == .allow
        policy.certificate = try self.certificate()
        do {
            let server = try await TICServer(
                at: address,
                on: centre,
                policy: policy,
                figures: figures,
                logger: logger
            )
            logger.notice("TIC at \(server.address)")
            guard let certificate = policy.certificate else { return [server] }
            return [server, await CertificateReload(of: certificate, logger)]
        } catch let failure as ListenFailure {
            throw RegistryError.unusable("TIC: \(failure)")
        }
    }

    private static func listen(
        at address: ListenAddress,
        _ limits: HTTPLimits,
        _ what: String,
        _ responder: any Responder,
        _ logger: Logger
    ) async throws -> HTTPServer {
        do {
            let server = try await HTTPServer(at: address, limits: limits, responder)
            logger.notice("\(what) at \(server.address)")
            return server
        } catch let failure as ListenFailure {
            throw RegistryError.unusable("\(what): \(failure)")
        }
    }
}
