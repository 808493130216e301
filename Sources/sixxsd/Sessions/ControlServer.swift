import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Wire

/// Listens for control sessions on TCP and on a UNIX socket.
struct ControlServer: Service {
    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>
    private typealias Listener = NIOAsyncChannel<Connection, Never>

    /// Who may open the UNIX socket: the daemon's user and its group.
    private static let socketMode = 0o660

    private let console: Console
    private let limits: SessionLimits
    private let registry: SessionRegistry
    private let logger: Logger
    private let tcp: Listener
    private let unix: Listener?

    /// Opens the listening sockets.
    ///
    /// - Throws: Errors of binding, for instance when another daemon has the port.
    init(
        _ console: Console,
        address: Endpoint,
        socketPath: String?,
        limits: SessionLimits = SessionLimits(),
        logger: Logger
    ) async throws {
        self.console = console
        self.limits = limits
        self.registry = SessionRegistry(limits)
        self.logger = logger
        self.tcp = try await Self.bootstrap().bind(
            host: "\(address.address)",
            port: Int(address.port),
            childChannelInitializer: Self.wrap
        )
        self.unix = if let socketPath { try await Self.listen(at: socketPath) } else { nil }
    }

    private static func listen(at path: String) async throws -> Listener {
        let listener = try await Self.bootstrap().bind(
            unixDomainSocketPath: path,
            cleanupExistingSocketFile: true,
            childChannelInitializer: Self.wrap
        )
        try FileManager.default.setAttributes([.posixPermissions: Self.socketMode], ofItemAtPath: path)
        return listener
    }

    private static func bootstrap() -> ServerBootstrap {
        ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
    }

    @Sendable private static func wrap(_ channel: any Channel) -> EventLoopFuture<Connection> {
        channel.eventLoop.makeCompletedFuture {
            try Connection(wrappingChannelSynchronously: channel)
        }
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.serve(self.tcp, at: .tcp) }
            if let unix = self.unix { group.addTask { try await self.serve(unix, at: .unixSocket) } }
            try await group.waitForAll()
        }
    }

    private func serve(_ listener: Listener, at door: SessionRegistry.Door) async throws {
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await listener.executeThenClose { connections in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await connection in connections {
                        group.addTask { await self.serve(connection, at: door) }
                    }
                    group.cancelAll()
                }
            }
        } onCancelOrGracefulShutdown: {
            listener.channel.close(promise: nil)
        }
    }

    private func serve(_ connection: Connection, at door: SessionRegistry.Door) async {
        do {
            guard let caller = self.caller(connection.channel, at: door) else {
                return try await Self.refuse(connection, ControlReply(403, "not allowed"))
            }
            guard self.registry.enter(door) else {
                let text = "too many sessions, at most \(self.limits.sessions): try again later"
                return try await Self.refuse(connection, ControlReply(425, text))
            }
            defer { self.registry.leave(door) }
            try await self.speak(on: connection, with: caller)
        } catch {
            self.logger.debug("control session ended: \(error)")
        }
    }

    private func speak(on connection: Connection, with caller: Console.Caller) async throws {
        let session = ControlSession(self.console, for: caller, self.limits, self.registry)
        try await connection.executeThenClose { inbound, outbound in
            try await session.run(inbound) { buffer in
                try await outbound.write(buffer)
            } close: {
                connection.channel.close(promise: nil)
            }
        }
    }

    private static func refuse(_ connection: Connection, _ reply: ControlReply) async throws {
        try await connection.executeThenClose { _, outbound in
            try await outbound.write(ByteBuffer(bytes: reply.encoded))
        }
    }

    /// Who is on a connection; nil for somebody who may not speak.
    ///
    /// An empty list lets the host itself in, and nobody else.
    private func caller(_ channel: any Channel, at door: SessionRegistry.Door) -> Console.Caller? {
        guard door == .tcp else { return .unixSocket }
        guard let text = channel.remoteAddress?.ipAddress, let address = try? IPAddress(parsing: text) else {
            return nil
        }
        let list = self.console.store.accessList.withLock { $0 }
        let mayConnect = list.isEmpty ? address.isLoopback : list.contains { $0.contains(address) }
        guard mayConnect else { return nil }
        return address.isLoopback ? .loopback : .network
    }
}
