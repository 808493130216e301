import LinuxIO
import NIOCore
import Synchronization

/// The connections that are being served, each by a task of its own that ends it for certain.
///
/// An asynchronous channel traps when it is released and nobody has executed it. None is made here without the task that does,
/// and it waits in no queue that somebody might not empty.
final class Connections: Sendable {
    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// A connection came when nothing more was served.
    private struct Ended: Error {}

    private struct Running {
        let channel: any Channel
        let task: Task<Void, Never>
    }

    private struct State {
        var isOver = false
        var count: UInt64 = 0
        var running: [UInt64: Running] = [:]
    }

    private let state = Mutex(State())

    /// Has a connection served, and closed afterwards; to be called on its event loop, before it reads.
    ///
    /// - Parameters:
    ///   - channel: The connection.
    ///   - body: Serves it.
    /// - Throws: When nothing more is served; the connection is to be closed then.
    func serve(
        _ channel: any Channel,
        _ body: @escaping @Sendable (NIOAsyncChannelInboundStream<ByteBuffer>) async throws -> Void
    ) throws {
        try self.state.withLock { state in
            guard !state.isOver else { throw Ended() }
            let connection = try Connection(wrappingChannelSynchronously: channel)
            state.count += 1
            let number = state.count
            let task = Task {
                // What went wrong on the way is the session's to tell.
                try? await connection.executeThenClose { inbound, _ in try await body(inbound) }
                self.state.withLock { $0.running[number] = nil }
            }
            state.running[number] = Running(channel: channel, task: task)
        }
    }

    /// Serves nothing more, and waits until all connections are closed.
    func end() async {
        let running = self.state.withLock { state in
            state.isOver = true
            return Array(state.running.values)
        }
        for connection in running {
            connection.task.cancel()
            connection.channel.close(promise: nil)
        }
        for connection in running { await connection.task.value }
    }
}

/// Has a connection served once it is open.
///
/// Before that it has no addresses, and whatever comes by it is read only after.
final class ConnectionOpener: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let open: @Sendable (any Channel, PeerCredentials?) throws -> Void
    private let ask: @Sendable (NIOBSDSocket.Handle) -> PeerCredentials?

    /// - Parameters:
    ///   - ask: Asks the kernel who is behind a socket.
    ///   - open: Has the connection served.
    init(
        _ ask: @escaping @Sendable (NIOBSDSocket.Handle) -> PeerCredentials?,
        _ open: @escaping @Sendable (any Channel, PeerCredentials?) throws -> Void
    ) {
        self.ask = ask
        self.open = open
    }

    func channelActive(context: ChannelHandlerContext) {
        let credentials = try? context.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self,
            self.ask
        )
        do { try self.open(context.channel, credentials ?? nil) } catch { context.close(promise: nil) }
        context.fireChannelActive()
    }
}
