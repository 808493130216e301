package import Logging
internal import Wire

/// Finds who answers a request by its path and method.
package struct Router: Responder {
    /// A request that has a route.
    package struct Call: Sendable {
        package let request: Request
        private let parameters: [String: String]

        init(_ request: Request, _ parameters: [String: String]) {
            self.request = request
            self.parameters = parameters
        }

        /// What a name of the pattern stands for; empty when the pattern has no such name.
        package subscript(name: String) -> String { self.parameters[name] ?? "" }
    }

    /// Answers, or throws: a ``Refusal`` says itself what it is, everything else is a fault of ours.
    package typealias Action = @Sendable (Call) async throws -> Response

    /// Makes of a refusal what the asker sees.
    package typealias Excuse = @Sendable (Refusal, Request) -> Response

    /// Learns how a request ended, and how long it took.
    package typealias Observer = @Sendable (_ pattern: String, _ status: Status, _ duration: Duration) -> Void

    private struct Route {
        let method: String
        let pattern: RoutePattern
        let action: Action
    }

    /// What stands for the pattern where none is.
    package static let noPattern = "none"

    private var routes: [Route] = []
    private let logger: Logger
    private let now: @Sendable () -> ContinuousClock.Instant
    private let excuse: Excuse
    private let observer: Observer?

    /// Creates a router without routes.
    ///
    /// - Parameters:
    ///   - logger: Where faults of ours are told.
    ///   - now: The time by which is measured how long an answer takes.
    ///   - observer: Who learns of every request.
    ///   - excuse: How refusals look.
    package init(
        logger: Logger,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now },
        observer: Observer? = nil,
        excuse: @escaping Excuse = { refusal, _ in Response(refusal) }
    ) {
        self.logger = logger
        self.now = now
        self.observer = observer
        self.excuse = excuse
    }

    /// Adds what answers `GET`, and so `HEAD`.
    package mutating func get(_ pattern: StaticString, _ action: @escaping Action) {
        self.routes.append(Route(method: "GET", pattern: RoutePattern(pattern), action: action))
    }

    /// Adds what answers `POST`.
    package mutating func post(_ pattern: StaticString, _ action: @escaping Action) {
        self.routes.append(Route(method: "POST", pattern: RoutePattern(pattern), action: action))
    }

    package func respond(to request: Request) async -> Response {
        let begin = self.now()
        let (pattern, response) = await self.answer(request)
        self.observer?(pattern, response.status, self.now() - begin)
        return response
    }

    private func answer(_ request: Request) async -> (pattern: String, response: Response) {
        // What is written and what is asked for: of HEAD the connection leaves the body out.
        let method = request.method == "HEAD" ? "GET" : request.method
        var allowed: Set<String> = []
        for route in self.routes {
            guard let parameters = route.pattern.match(request.target.path) else { continue }
            guard route.method == method else {
                allowed.formUnion(route.method == "GET" ? ["GET", "HEAD"] : [route.method])
                continue
            }
            return (route.pattern.description, await self.run(route, Call(request, parameters)))
        }
        guard !allowed.isEmpty else {
            return (
                Self.noPattern, self.excuse(Refusal(.notFound, "there is nothing at this address"), request)
            )
        }
        let methods = allowed.sorted().joined(separator: ", ")
        let refusal = Refusal(
            .methodNotAllowed,
            "this address answers \(methods)",
            headers: [(name: "Allow", value: methods)]
        )
        return (Self.noPattern, self.excuse(refusal, request))
    }

    private func run(_ route: Route, _ call: Call) async -> Response {
        do { return try await route.action(call) } catch let refusal as Refusal {
            return self.excuse(refusal, call.request)
        } catch {
            // Its text is for the log: whoever asks may be a stranger. The path is not: some paths are secrets.
            self.logger.error("\(call.request.method) \(route.pattern) failed: \(error)")
            let refusal = Refusal(.internalServerError, "the log of the server says why")
            return self.excuse(refusal, call.request)
        }
    }
}
