internal import Glibc
package import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Wire

/// Listens for HTTP, and answers until the program is asked to end.
package struct HTTPServer: ListeningService {
    /// Who may connect to a UNIX socket: the process's user, and its group, of which a proxy can be.
    private static let socketMode: mode_t = 0o660

    package let listener: any Channel
    private let file: UNIXListener?
    private let registry: ConnectionRegistry
    private let limits: HTTPLimits

    /// Where it listens; of a port 0, the one that the kernel gave.
    package let address: ListenAddress

    /// Opens the listening socket; whoever comes is answered from then on.
    ///
    /// - Parameters:
    ///   - address: Where to listen.
    ///   - limits: What those who connect may take.
    ///   - group: The threads that connections are served on.
    ///   - now: Seconds since 1970.
    ///   - responder: Who answers.
    /// - Throws: ``ListenFailure``, for instance when another process has the port or the socket.
    package init(
        at address: ListenAddress,
        limits: HTTPLimits = HTTPLimits(),
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        now: @escaping @Sendable () -> Int64 = { Int64(time(nil)) },
        _ responder: any Responder
    ) async throws {
        let registry = ConnectionRegistry(limits)
        let service = ConnectionHandler.Service(
            responder: responder,
            limits: limits,
            registry: registry,
            now: now
        )
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 512)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try Self.serve(channel, service) }
            }
        switch address {
        case .tcp(let endpoint):
            self.file = nil
            self.listener = try await Self.bind(bootstrap, at: endpoint)
            let port = self.listener.localAddress?.port.flatMap { UInt16(exactly: $0) } ?? endpoint.port
            self.address = .tcp(Endpoint(endpoint.address, port: port))
        case .unixSocket(let path):
            let file = try UNIXListener(at: path, mode: Self.socketMode)
            self.file = file
            self.listener = try await bootstrap.withBoundSocket(file.socket).get()
            self.address = address
        }
        self.registry = registry
        self.limits = limits
    }

    private static func bind(_ bootstrap: ServerBootstrap, at endpoint: Endpoint) async throws -> any Channel
    {
        do {
            return try await bootstrap.bind(host: "\(endpoint.address)", port: Int(endpoint.port)).get()
        } catch let error as IOError {
            let cause = String(cString: strerror(error.errnoCode))
            throw ListenFailure(description: "\(endpoint) cannot be listened at: \(cause)")
        }
    }

    /// Makes a channel one of the server's, or closes it when there are too many.
    static func serve(_ channel: any Channel, _ service: ConnectionHandler.Service) throws {
        let client = channel.remoteAddress?.ipAddress.flatMap { try? IPAddress(parsing: $0) }?.unmapped
        guard service.registry.admit(channel, from: client) else { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in service.registry.leave(channel, from: client) }
        // Errors of the parser are answered by our own handler, which then ends the connection.
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
        try channel.pipeline.syncOperations.addHandler(ConnectionHandler(service, client: client))
    }

    /// Listens no more, lets requests under way end, and closes what is idle.
    package func close() async {
        // While the socket is open its file can't be taken for another.
        self.file?.remove()
        try? await self.listener.close()
        await self.registry.endAll(within: self.limits.ending)
    }
}
