import HTTP
import LinuxIO
import Logging
import NIOPosix
import ServiceLifecycle
import Wire

/// Answers monitoring over HTTP, on threads of its own: packets and the control port wait for none of it.
struct MetricsServer: Service {
    /// Where, and what is told there.
    struct Options: Sendable {
        var address: ListenAddress
        /// Whether every tunnel's figures are told too.
        var tellsTunnels: Bool
    }

    private let server: HTTPServer

    /// Opens the listening socket.
    ///
    /// - Throws: ``HTTP/ListenFailure``.
    init(_ options: Options, _ context: CommandContext) async throws {
        let router = Self.router(MetricsSource(context), tellsTunnels: options.tellsTunnels, context.logger)
        self.server = try await HTTPServer(
            at: options.address,
            group: MultiThreadedEventLoopGroup(numberOfThreads: 1),
            router
        )
        context.logger.notice("metrics at \(self.server.address)")
        guard !options.address.isLocal else { return }
        context.logger.notice(
            "everybody who reaches \(options.address) sees the metrics: a packet filter says who may"
        )
    }

    /// What is answered.
    static func router(_ source: MetricsSource, tellsTunnels: Bool, _ logger: Logger) -> Router {
        // Thousands of lines take a while, which the threads that tasks share are too few for.
        let writer = BackgroundThread("metrics")
        var router = Router(logger: logger)
        router.get("/metrics") { _ in
            let figures = await source.figures()
            return Self.response(try await writer.performUnlessCancelled { figures.text })
        }
        if tellsTunnels {
            router.get("/metrics/tunnels") { _ in
                let figures = await source.figures()
                return Self.response(try await writer.performUnlessCancelled { figures.tunnelText })
            }
        }
        return router
    }

    private static func response(_ text: [UInt8]) -> Response {
        Response(headers: [(name: "Content-Type", value: Exposition.contentType)], body: text)
    }

    func run() async throws { try await self.server.run() }
}
