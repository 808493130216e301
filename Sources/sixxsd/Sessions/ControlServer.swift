import LinuxIO
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Wire

/// Listens for control sessions on TCP and on a UNIX socket.
struct ControlServer: Service {
    /// Where to listen.
    struct Doors: Sendable {
        var tcp: ControlDoor
        var socketPath: String?
        var users: ControlUsers
    }

    /// Who may open the UNIX socket: the daemon's user and its group.
    private static let socketMode: UInt32 = 0o660

    private let connections: Connections
    private let listeners: [any Channel]
    private let file: SocketFile?

    /// Opens the listening sockets; whoever comes waits until the server runs.
    ///
    /// - Throws: Errors of binding, for instance when another daemon has the port or the socket.
    init(
        _ handler: CommandHandler,
        at doors: Doors,
        limits: SessionLimits = SessionLimits(),
        logger: Logger
    ) async throws {
        let porter = Porter(doors.users, GroupLookup(), try Porter.Kernel())
        let reception = Reception(handler, limits, porter, logger)
        let connections = Connections()
        self.connections = connections
        var listeners: [any Channel] = []
        if let endpoint = doors.tcp.endpoint {
            listeners.append(try await Self.listen(at: endpoint, reception, connections))
        }
        var socketFile: SocketFile?
        do {
            if let path = doors.socketPath {
                let (file, socket) = try SocketFile.listen(
                    at: path,
                    mode: Self.socketMode,
                    group: doors.users.group
                )
                socketFile = file
                listeners.append(try await Self.listen(on: socket, reception, connections))
            }
        } catch {
            socketFile?.remove()
            for listener in listeners { try? await listener.close() }
            throw error
        }
        self.file = socketFile
        self.listeners = listeners
        if let endpoint = doors.tcp.endpoint, !Porter.Kernel.seesConnections(to: endpoint) {
            logger.error(
                "the kernel cannot say which user a connection belongs to (load module tcp_diag): local users are refused at \(endpoint)"
            )
        }
    }

    private static func listen(
        at endpoint: Endpoint,
        _ reception: Reception,
        _ connections: Connections
    ) async throws -> any Channel {
        try await Self.bootstrap(at: .tcp, reception, connections) { _ in nil }
            .bind(host: "\(endpoint.address)", port: Int(endpoint.port)).get()
    }

    private static func listen(
        on socket: NIOBSDSocket.Handle,
        _ reception: Reception,
        _ connections: Connections
    ) async throws -> any Channel {
        try await Self.bootstrap(at: .unixSocket, reception, connections) { try? PeerCredentials(of: $0) }
            .withBoundSocket(socket).get()
    }

    private static func bootstrap(
        at door: Reception.Door,
        _ reception: Reception,
        _ connections: Connections,
        _ ask: @escaping @Sendable (NIOBSDSocket.Handle) -> PeerCredentials?
    ) -> ServerBootstrap {
        ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 512)
            .serverChannelOption(.autoRead, value: false)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let opener = ConnectionOpener(ask) { channel, credentials in
                        try connections.serve(channel) { inbound in
                            let arrival = Reception.Arrival(channel: channel, credentials: credentials)
                            await reception.serve(arrival, inbound, at: door)
                        }
                    }
                    try channel.pipeline.syncOperations.addHandler(opener)
                }
            }
    }

    func run() async throws {
        for listener in self.listeners { try? await listener.setOption(.autoRead, value: true).get() }
        await withTaskGroup(of: Void.self) { group in
            for listener in self.listeners { group.addTask { try? await listener.closeFuture.get() } }
            // A daemon without doors lives on.
            group.addTask { try? await gracefulShutdown() }
            await group.next()
            await self.close()
            group.cancelAll()
        }
    }

    /// Listens no more, and ends all sessions.
    func close() async {
        // While the socket is open its file can't be taken for another.
        self.file?.remove()
        for listener in self.listeners { try? await listener.close() }
        await self.connections.end()
    }
}
