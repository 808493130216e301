import LinuxIO
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Synchronization
import Wire

/// Listens for control sessions on TCP and on a UNIX socket.
struct ControlServer: Service {
    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>
    private typealias Listener = NIOAsyncChannel<Arrival, Never>

    /// A connection, and who the kernel says is behind it.
    private struct Arrival: Sendable {
        let connection: Connection
        /// Of a UNIX socket only.
        let credentials: PeerCredentials?
    }

    /// Where to listen.
    struct Doors: Sendable {
        var tcp: ControlDoor
        var socketPath: String?
        var users: ControlUsers
    }

    /// Who may open the UNIX socket: the daemon's user and its group.
    private static let socketMode: UInt32 = 0o660

    /// What somebody who is refused may still send, in octets.
    private static let mostIgnored = 64 << 10

    private let handler: CommandHandler
    private let limits: SessionLimits
    private let registry: SessionRegistry
    private let porter: Porter
    private let complaints: Complaints
    private let logger: Logger
    private let tcp: Listener?
    private let unix: Listener?
    private let file: SocketFile?

    /// Opens the listening sockets.
    ///
    /// - Throws: Errors of binding, for instance when another daemon has the port or the socket.
    init(
        _ handler: CommandHandler,
        at doors: Doors,
        limits: SessionLimits = SessionLimits(),
        logger: Logger
    ) async throws {
        self.handler = handler
        self.limits = limits
        self.registry = SessionRegistry(limits)
        self.porter = Porter(doors.users, GroupLookup(), try Porter.Kernel())
        self.complaints = Complaints(logger)
        self.logger = logger
        self.tcp = if let endpoint = doors.tcp.endpoint { try await Self.listen(at: endpoint) } else { nil }
        (self.file, self.unix) =
            if let path = doors.socketPath {
                try await Self.listen(at: path, group: doors.users.group)
            } else {
                (nil, nil)
            }
        if let endpoint = doors.tcp.endpoint, !Porter.Kernel.seesConnections(to: endpoint) {
            logger.error(
                "the kernel does not say whose connections are (module tcp_diag): nobody of this host can use \(endpoint)"
            )
        }
    }

    private static func listen(at endpoint: Endpoint) async throws -> Listener {
        try await Self.bootstrap().bind(
            host: "\(endpoint.address)",
            port: Int(endpoint.port)
        ) { Self.arrive($0) { _ in nil } }
    }

    private static func listen(
        at path: String,
        group: UInt32
    ) async throws -> (SocketFile?, Listener?) {
        let (file, socket) = try SocketFile.listen(at: path, mode: Self.socketMode, group: group)
        let listener: Listener = try await Self.bootstrap().bind(socket) { channel in
            Self.arrive(channel) { try? PeerCredentials(of: $0) }
        }
        return (file, listener)
    }

    private static func bootstrap() -> ServerBootstrap {
        ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 512)
            .childChannelOption(.maxMessagesPerRead, value: 4)
    }

    private static func arrive(
        _ channel: any Channel,
        _ ask: @escaping @Sendable (NIOBSDSocket.Handle) -> PeerCredentials?
    ) -> EventLoopFuture<Arrival> {
        channel.eventLoop.makeCompletedFuture {
            let answer = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
                of: NIOBSDSocket.Handle.self,
                ask
            )
            let connection = try Connection(wrappingChannelSynchronously: channel)
            return Arrival(connection: connection, credentials: answer ?? nil)
        }
    }

    func run() async throws {
        defer { self.file?.remove() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            if let tcp = self.tcp { group.addTask { try await self.serve(tcp, at: .tcp) } }
            if let unix = self.unix { group.addTask { try await self.serve(unix, at: .unixSocket) } }
            // A daemon without doors lives on.
            group.addTask { try? await gracefulShutdown() }
            try await group.waitForAll()
        }
    }

    private func serve(_ listener: Listener, at door: SessionRegistry.Door) async throws {
        try await withTaskCancellationOrGracefulShutdownHandler {
            try await listener.executeThenClose { arrivals in
                try await withThrowingDiscardingTaskGroup { group in
                    for try await arrival in arrivals {
                        group.addTask { await self.serve(arrival, at: door) }
                    }
                    group.cancelAll()
                }
            }
        } onCancelOrGracefulShutdown: {
            // While the socket is open its file can't be taken for another.
            if door == .unixSocket { self.file?.remove() }
            listener.channel.close(promise: nil)
        }
    }

    // MARK: - One connection

    private func serve(_ arrival: Arrival, at door: SessionRegistry.Door) async {
        do {
            switch await self.admit(arrival, at: door) {
            case .failure(let refused): try await self.turnAway(arrival.connection, refused)
            case .success(let (guest, caller)):
                defer { self.registry.leave(guest, by: door) }
                try await self.speak(on: arrival.connection, with: caller, guest)
            }
        } catch {
            self.logger.debug("control session ended: \(error)")
        }
    }

    /// Somebody who is not let in.
    private struct TurnedAway: Error {
        let name: Guest.Name
        let reply: ControlReply
    }

    /// Judges a connection; who is let in has a place.
    private func admit(
        _ arrival: Arrival,
        at door: SessionRegistry.Door
    ) async -> Result<(Guest, CommandHandler.Caller), TurnedAway> {
        guard let peer = Self.peer(arrival, at: door) else {
            return .failure(TurnedAway(name: .user(.max), reply: ControlReply(403, "not allowed")))
        }
        let list = self.handler.controller.accessList.withLock { $0 }
        do throws(Porter.Refusal) {
            let known = try self.porter.recognize(peer, list)
            guard self.registry.begin(.judged, known.name) else {
                let reply = ControlReply(425, "too many connections: try again later")
                return .failure(TurnedAway(name: known.name, reply: reply))
            }
            defer { self.registry.end(.judged, known.name) }
            let guest = try await self.porter.judge(known)
            guard let full = self.registry.enter(guest, by: door) else {
                return .success((guest, known.caller))
            }
            return .failure(TurnedAway(name: known.name, reply: self.reply(full)))
        } catch {
            self.complaints.note(error)
            return .failure(TurnedAway(name: peer.name, reply: error.reply))
        }
    }

    private func reply(_ full: SessionRegistry.Full) -> ControlReply {
        switch full {
        case .ofGuest:
            ControlReply(
                425,
                "too many sessions, at most \(self.limits.sessionsOfOne) of one user: try again later"
            )
        case .ofAll: ControlReply(425, "too many sessions of all users: try again later")
        }
    }

    private static func peer(_ arrival: Arrival, at door: SessionRegistry.Door) -> Porter.Peer? {
        guard door == .tcp else {
            // The kernel says this of who closed a socket pair that has no credentials.
            guard let credentials = arrival.credentials, credentials.user != .max else { return nil }
            return .unixSocket(credentials)
        }
        let channel = arrival.connection.channel
        guard let remote = Self.endpoint(channel.remoteAddress),
            let local = Self.endpoint(channel.localAddress)
        else { return nil }
        return .tcp(remote: remote, local: local)
    }

    private static func endpoint(_ address: SocketAddress?) -> Endpoint? {
        guard let text = address?.ipAddress, let parsed = try? IPAddress(parsing: text),
            let port = address?.port.flatMap({ UInt16(exactly: $0) })
        else { return nil }
        return Endpoint(parsed, port: port)
    }

    private func speak(
        on connection: Connection,
        with caller: CommandHandler.Caller,
        _ guest: Guest
    ) async throws {
        let session = ControlSession(self.handler, for: caller, of: guest, self.limits, self.registry)
        try await connection.executeThenClose { inbound, outbound in
            try await session.run(inbound) { buffer in
                try await outbound.write(buffer)
            } close: {
                connection.channel.close(promise: nil)
            }
        }
    }

    /// Says why, and stays until the other side has read it, for a moment, if there is room: unread input would make the
    /// kernel throw the reason away.
    private func turnAway(_ connection: Connection, _ refused: TurnedAway) async throws {
        let mayStay = self.registry.begin(.refused, refused.name)
        defer { if mayStay { self.registry.end(.refused, refused.name) } }
        let channel = connection.channel
        let timer = Task {
            try await Task.sleep(for: self.limits.refusal)
            channel.close(promise: nil)
        }
        defer { timer.cancel() }
        try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: refused.reply.encoded))
            guard mayStay else { return }
            var ignored = 0
            for try await buffer in inbound {
                ignored += buffer.readableBytes
                if ignored > Self.mostIgnored { return }
            }
        }
    }
}
