import LinuxIO
import Logging
import NIOCore
import Synchronization
import Wire

/// Receives those who connect to the control port: finds out who they are, and lets them speak or turns them away.
struct Reception: Sendable {
    typealias Inbound = NIOAsyncChannelInboundStream<ByteBuffer>

    /// How somebody came in.
    enum Door: Hashable, Sendable {
        case tcp
        case unixSocket
    }

    /// A connection, and who the kernel says is behind it.
    struct Arrival: Sendable {
        let channel: any Channel
        /// Of a UNIX socket only.
        let credentials: PeerCredentials?

        /// Sends octets, and waits until the kernel has them.
        ///
        /// - Throws: Errors of the connection.
        func write(_ buffer: ByteBuffer) async throws {
            try await withTaskCancellationHandler {
                try await self.channel.writeAndFlush(buffer).get()
            } onCancel: {
                self.close()
            }
        }

        func close() { self.channel.close(promise: nil) }
    }

    /// What somebody who is refused may still send, in octets.
    private static let mostIgnored = 64 << 10

    private let handler: CommandHandler
    private let limits: SessionLimits
    private let registry: SessionRegistry
    private let porter: Porter
    private let complaints: Complaints
    private let logger: Logger

    init(_ handler: CommandHandler, _ limits: SessionLimits, _ porter: Porter, _ logger: Logger) {
        self.handler = handler
        self.limits = limits
        self.registry = SessionRegistry(limits)
        self.porter = porter
        self.complaints = Complaints(logger)
        self.logger = logger
    }

    /// Serves one connection until it is to be closed.
    func serve(_ arrival: Arrival, _ inbound: Inbound, at door: Door) async {
        do {
            switch await self.admit(arrival, at: door) {
            case .failure(let refused): try await self.turnAway(arrival, inbound, refused)
            case .success(let (guest, caller)):
                let figures = self.handler.context.figures
                figures.enter()
                defer {
                    figures.leave()
                    self.registry.leave(guest, by: door)
                }
                try await self.speak(on: arrival, inbound, with: caller, guest)
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
        at door: Door
    ) async -> Result<(Guest, CommandHandler.Caller), TurnedAway> {
        guard let peer = Self.peer(arrival, at: door) else {
            return .failure(TurnedAway(name: .user(.max), reply: ControlReply(403, "not allowed")))
        }
        let list = self.handler.context.controller.accessList.withLock { $0 }
        do throws(Porter.Refusal) {
            let known = try self.porter.recognize(peer, list)
            guard let guest = try await self.judge(known) else {
                let reply = ControlReply(425, "too many connections: try again later")
                return .failure(TurnedAway(name: known.name, reply: reply))
            }
            guard let full = self.registry.enter(guest, by: door) else {
                return .success((guest, known.caller))
            }
            return .failure(TurnedAway(name: known.name, reply: self.reply(full)))
        } catch {
            self.complaints.note(error)
            return .failure(TurnedAway(name: peer.name, reply: error.reply))
        }
    }

    /// Finds out what somebody may; nil when too many wait for that.
    private func judge(_ known: Porter.Acquaintance) async throws(Porter.Refusal) -> Guest? {
        if let owner = self.porter.owner(known) { return owner }
        guard self.registry.begin(.judged, known.name) else { return nil }
        defer { self.registry.end(.judged, known.name) }
        return try await self.porter.judge(known)
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

    private static func peer(_ arrival: Arrival, at door: Door) -> Porter.Peer? {
        guard door == .tcp else {
            // The kernel says this of who closed a socket pair that has no credentials.
            guard let credentials = arrival.credentials, credentials.user != .max else { return nil }
            return .unixSocket(credentials)
        }
        let channel = arrival.channel
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
        on arrival: Arrival,
        _ inbound: Inbound,
        with caller: CommandHandler.Caller,
        _ guest: Guest
    ) async throws {
        let session = ControlSession(self.handler, for: caller, of: guest, self.limits, self.registry)
        try await session.run(inbound, write: arrival.write, close: arrival.close)
    }

    /// Says why, and stays until the other side has read it, for a moment, if there is room: unread input would make the
    /// kernel throw the reason away.
    private func turnAway(_ arrival: Arrival, _ inbound: Inbound, _ refused: TurnedAway) async throws {
        let mayStay = self.registry.begin(.refused, refused.name)
        defer { if mayStay { self.registry.end(.refused, refused.name) } }
        let timer = Task {
            try await Task.sleep(for: self.limits.refusal)
            arrival.close()
        }
        defer { timer.cancel() }
        try await arrival.write(ByteBuffer(bytes: refused.reply.encoded))
        guard mayStay else { return }
        var ignored = 0
        for try await buffer in inbound {
            ignored += buffer.readableBytes
            if ignored > Self.mostIgnored { return }
        }
    }
}
