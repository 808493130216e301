import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Wire

/// Listens for control sessions on TCP and on a UNIX socket.
struct ControlServer: Service {
    private typealias Listener = NIOAsyncChannel<ControlSession.Channel, Never>

    private let console: Console
    private let logger: Logger
    private let tcp: Listener
    private let unix: Listener?

    /// Opens the listening sockets.
    ///
    /// - Throws: Errors of binding, for instance when another daemon has the port.
    init(_ console: Console, address: Endpoint, socketPath: String?, logger: Logger) async throws {
        self.console = console
        self.logger = logger
        self.tcp = try await Self.bootstrap().bind(
            host: "\(address.address)",
            port: Int(address.port),
            childChannelInitializer: Self.wrap
        )
        self.unix =
            if let socketPath {
                try await Self.bootstrap().bind(
                    unixDomainSocketPath: socketPath,
                    cleanupExistingSocketFile: true,
                    childChannelInitializer: Self.wrap
                )
            } else {
                nil
            }
    }

    private static func bootstrap() -> ServerBootstrap {
        ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
    }

    @Sendable private static func wrap(_ channel: any Channel) -> EventLoopFuture<ControlSession.Channel> {
        channel.eventLoop.makeCompletedFuture {
            try ControlSession.Channel(wrappingChannelSynchronously: channel)
        }
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.serve(self.tcp, for: .tcp) }
            if let unix = self.unix { group.addTask { try await self.serve(unix, for: .unixSocket) } }
            try await group.waitForAll()
        }
    }

    private func serve(_ listener: Listener, for caller: Console.Caller) async throws {
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await listener.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask { await self.serve(connection, for: caller) }
                    }
                    group.cancelAll()
                }
            }
        } onCancelOrGracefulShutdown: {
            listener.channel.close(promise: nil)
        }
    }

    private func serve(_ connection: ControlSession.Channel, for caller: Console.Caller) async {
        do {
            guard self.mayConnect(connection.channel, for: caller) else {
                try await Self.refuse(connection)
                return
            }
            var session = ControlSession(self.console, for: caller)
            try await session.run(on: connection)
        } catch {
            self.logger.debug("control session ended: \(error)")
        }
    }

    private static func refuse(_ connection: ControlSession.Channel) async throws {
        try await connection.executeThenClose { _, outbound in
            try await outbound.write(ByteBuffer(bytes: ControlReply(403, "not allowed").encoded))
        }
    }

    /// An empty list lets the host itself in, and nobody else.
    private func mayConnect(_ channel: any Channel, for caller: Console.Caller) -> Bool {
        guard caller == .tcp else { return true }
        guard let text = channel.remoteAddress?.ipAddress, let address = try? IPAddress(parsing: text) else {
            return false
        }
        let list = self.console.store.accessList.withLock { $0 }
        return list.isEmpty ? address.isLoopback : list.contains { $0.contains(address) }
    }
}
