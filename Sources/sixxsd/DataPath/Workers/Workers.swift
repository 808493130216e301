import Core
import LinuxIO
import Logging
import Wire

/// The threads that move packets: each has a queue of the TUN device, sockets and an engine of its own, and any of them
/// can serve any packet.
struct Workers: Sendable {
    /// How many there may be.
    static let most = 64

    private let first: Worker
    private let others: [Worker]

    /// What the engines have in common.
    let sessions: SharedSessions

    /// Where others leave work for the engines.
    let mailboxes: EngineMailboxes

    /// How many there are.
    var count: Int { 1 + self.others.count }

    /// Makes a worker for each of some sockets, of which there is at least one.
    ///
    /// - Parameters:
    ///   - sockets: What each opens.
    ///   - configuration: What they begin with.
    ///   - saved: What an earlier daemon wrote down of the tunnels' sessions.
    ///   - forwarding: What the kernel forwards by itself; nil where it is nothing.
    ///   - logger: Where they say what became of that.
    /// - Throws: ``LinuxIO/SystemCallError`` when there is no mailbox for one.
    init(
        _ sockets: [WorkerSockets],
        _ configuration: EngineConfiguration,
        saved: SavedState?,
        forwarding: KernelForwarding? = nil,
        logger: Logger
    ) throws(SystemCallError) {
        let common = PacketLoop.Common(saved: saved, forwarding: forwarding)
        self.sessions = common.sessions
        var workers: [Worker] = []
        for sockets in sockets {
            workers.append(try Worker(sockets, configuration, common, logger: logger))
        }
        self.first = workers[0]
        self.others = Array(workers.dropFirst())
        self.mailboxes = EngineMailboxes(self.first.mailbox, self.others.map(\.mailbox))
    }

    /// Starts the threads, and waits until they serve; the first engine is made before the others.
    ///
    /// - Throws: ``LinuxIO/SystemCallError`` when one could not begin.
    func start() async throws {
        try await self.first.start()
        for other in self.others { try await other.start() }
    }

    /// Asks the threads to end after the batches that they have in hand.
    func stop() async {
        for worker in [self.first] + self.others { await worker.stop() }
    }

    /// Waits for the end of all threads, or of the first that can't go on.
    ///
    /// - Throws: ``LinuxIO/SystemCallError`` when one could not go on.
    func waitUntilStopped() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for worker in [self.first] + self.others {
                group.addTask { try await worker.waitUntilStopped() }
            }
            for try await _ in group {}
        }
    }
}
