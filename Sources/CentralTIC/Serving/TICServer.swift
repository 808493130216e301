package import Central
internal import Glibc
internal import HTTP
package import Logging
package import NIOCore
internal import NIOPosix
package import TLS
package import Wire

/// Listens for clients of TIC (TCP 3874), which log in and are told how to set up their tunnels, until the program is asked to end.
package struct TICServer: ListeningService {
    /// What operators decide.
    package struct Policy: Sendable {
        /// Whether secrets themselves may come without TLS.
        package var allowsClear = false

        /// What secures connections; nil where TLS is not offered.
        package var certificate: TLSCertificate?

        package init() {}
    }

    package let listener: any Channel
    private let registry: ConnectionRegistry
    private let limits: TICLimits

    /// A thread of its own: what handshakes take, pages and updates do not wait for.
    private let thread: MultiThreadedEventLoopGroup

    /// Where it listens; of a port 0, the one that the kernel gave.
    package let address: Endpoint

    /// Octets that are read at a time.
    private static let readLength = 2048

    /// Opens the listening socket; whoever comes is answered from then on.
    ///
    /// - Parameters:
    ///   - address: Where to listen.
    ///   - centre: Whose tunnels.
    ///   - policy: What operators decide.
    ///   - limits: What those who connect may take.
    ///   - figures: Counts what is done.
    ///   - logger: Where logins are told, and never what they came with.
    /// - Throws: `ListenFailure`, for instance when another process has the port.
    package init(
        at address: Endpoint,
        on centre: Centre,
        policy: Policy,
        limits: TICLimits = TICLimits(),
        figures: TICFigures,
        logger: Logger
    ) async throws {
        let registry = ConnectionRegistry(
            most: min(limits.connections, Self.mostFiles / 2),
            ofOne: limits.connectionsOfOne
        )
        let service = TICService(
            rules: TICDialogue.Rules(
                allowsClear: policy.allowsClear,
                offersTLS: policy.certificate != nil
            ),
            limits: limits,
            registry: registry,
            delays: LoginDelays(),
            handshakes: Handshakes(most: limits.handshakes, ofOne: limits.handshakesOfOne),
            figures: figures,
            logger: logger,
            certificate: policy.certificate,
            unixTime: { Int64(time(nil)) },
            logIn: { account, proof in try await LogInClient(account, proof).run(in: centre) }
        )
        self.thread = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.listener = try await Self.listen(at: address, on: self.thread, service)
        let port = self.listener.localAddress?.port.flatMap { UInt16(exactly: $0) } ?? address.port
        self.address = Endpoint(address.address, port: port)
        self.registry = registry
        self.limits = limits
    }

    private static func listen(
        at address: Endpoint,
        on thread: MultiThreadedEventLoopGroup,
        _ service: TICService
    ) async throws -> any Channel {
        do {
            return try await Self.bootstrap(on: thread, service)
                .bind(host: "\(address.address)", port: Int(address.port)).get()
        } catch {
            try? await thread.shutdownGracefully()
            guard let error = error as? IOError else { throw error }
            let cause = String(cString: strerror(error.errnoCode))
            throw ListenFailure(description: "\(address) cannot be listened at: \(cause)")
        }
    }

    /// How many files the process may have open.
    private static var mostFiles: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        return Int(clamping: limit.rlim_cur)
    }

    private static func bootstrap(on group: any EventLoopGroup, _ service: TICService) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(capacity: Self.readLength)
            )
            .childChannelInitializer { channel in
                let address = channel.remoteAddress?.ipAddress
                let client = address.flatMap { try? IPAddress(parsing: $0) }?.unmapped
                return channel.eventLoop.makeCompletedFuture {
                    try Self.serve(channel, from: client, service)
                }
            }
    }

    /// Makes a channel one of the server's, or turns it away when there are too many.
    static func serve(_ channel: any Channel, from client: IPAddress?, _ service: TICService) throws {
        let isAdmitted = service.registry.admit(channel, from: client)
        service.figures.countConnection(isAdmitted: isAdmitted)
        guard isAdmitted else {
            return try channel.pipeline.syncOperations.addHandler(TurnAwayHandler())
        }
        channel.closeFuture.whenComplete { _ in service.registry.leave(channel, from: client) }
        try channel.pipeline.syncOperations.addHandler(TICConnectionHandler(service, client: client))
    }

    /// Listens no more, and ends every connection with a line.
    package func close() async {
        try? await self.listener.close()
        await self.registry.endAll(within: self.limits.ending)
        try? await self.thread.shutdownGracefully()
    }
}

/// Says to one of too many that he is one, and ends the connection.
private final class TurnAwayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        let line = context.channel.allocator.buffer(string: "500 Too many connections: try again later\n")
        let channel = context.channel
        context.writeAndFlush(Self.wrapOutboundOut(line)).whenComplete { _ in channel.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}
