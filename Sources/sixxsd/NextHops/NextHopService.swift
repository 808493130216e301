import Foundation
import LinuxIO
import Logging
import Synchronization
import Wire

/// The thread that finds next hops for all workers, and makes them forget what the kernel's tables no longer say.
///
/// Apart from the workers because the kernel may let a question wait for as long as others change its tables.
final class NextHopService: Sendable {
    private struct Parts: ~Copyable {
        var finder: NextHopFinder<RouteNetlink>
        var monitor: RouteMonitor
        let poller: Poller
    }

    private enum Source: UInt64 {
        case questions
        case changes
    }

    /// How many questions of a worker are answered before changes and other workers have their turn.
    private static let turn = 64

    private let parts: Mutex<Parts?>
    private let desks = Mutex<[NextHopRequestQueue]>([])
    private let currentGeneration = Atomic<UInt32>(1)
    private let isStopping = Atomic(false)
    private let wakeUp: WakeUp
    private let logger: Logger

    /// Begins to watch the kernel's tables; nothing is answered before the first ``openDesk()``.
    ///
    /// - Throws: ``SystemCallError`` with what could not be opened.
    init(logger: Logger) throws(SystemCallError) {
        let monitor = try RouteMonitor()
        let poller = try Poller()
        let wakeUp = try WakeUp()
        try poller.add(wakeUp.fileDescriptor, token: Source.questions.rawValue)
        try poller.add(monitor.fileDescriptor, token: Source.changes.rawValue)
        let finder = NextHopFinder(try RouteNetlink(), user: Privileges.user)
        self.parts = Mutex(Parts(finder: finder, monitor: monitor, poller: poller))
        self.wakeUp = wakeUp
        self.logger = logger
    }

    /// Counts up whenever older answers have become worthless.
    var generation: UInt32 { self.currentGeneration.load(ordering: .acquiring) }

    /// Opens a queue for a worker; with the first one the thread starts, as privileged as who calls.
    func openDesk() -> NextHopRequestQueue {
        let queue = NextHopRequestQueue(self.wakeUp)
        let isFirst = self.desks.withLock { desks in
            desks.append(queue)
            return desks.count == 1
        }
        if isFirst {
            let thread = Thread { self.live() }
            thread.name = "next-hops"
            thread.start()
        }
        return queue
    }

    /// Ends the thread.
    func stop() {
        self.isStopping.store(true, ordering: .relaxed)
        self.wakeUp.signal()
    }

    // MARK: - The thread

    private func live() {
        guard var parts = self.parts.withLock({ $0.take() }) else { return }
        do throws(SystemCallError) {
            while !self.isStopping.load(ordering: .relaxed) { try self.serve(&parts) }
        } catch {
            // Answers end with their lifetimes: from then on all packets take the IP stack.
            self.logger.error("next hops are no longer looked up: \(error)")
        }
        self.forgetAll(&parts)
    }

    private func serve(_ parts: inout Parts) throws(SystemCallError) {
        for index in 0..<(try parts.poller.wait(timeoutInMilliseconds: nil))
        where parts.poller.token(at: index) == Source.questions.rawValue {
            self.wakeUp.drain()
        }
        var isDone = false
        while !isDone, !self.isStopping.load(ordering: .relaxed) {
            try self.takeChanges(&parts)
            isDone = true
            for queue in self.desks.withLock({ $0 }) {
                let questions = queue.takeQuestions(atMost: Self.turn)
                if questions.count == Self.turn { isDone = false }
                self.answer(questions, at: queue, &parts)
            }
        }
    }

    private func takeChanges(_ parts: inout Parts) throws(SystemCallError) {
        while case let changes = try parts.monitor.read(), !changes.isEmpty {
            if changes.contains(where: { parts.finder.isTouched(by: $0) }) { self.forgetAll(&parts) }
        }
        if parts.finder.isFull { self.forgetAll(&parts) }
    }

    private func forgetAll(_ parts: inout Parts) {
        self.currentGeneration.wrappingAdd(1, ordering: .releasing)
        parts.finder.beginAnew()
    }

    private func answer(_ questions: [IPv4Address], at queue: NextHopRequestQueue, _ parts: inout Parts) {
        let generation = self.generation
        var answers: [NextHopRequestQueue.Answer] = []
        for remote in questions {
            let hop = self.hop(toward: remote, &parts)
            answers.append(NextHopRequestQueue.Answer(remote: remote, hop: hop, generation: generation))
        }
        queue.leave(answers)
    }

    private func hop(toward remote: IPv4Address, _ parts: inout Parts) -> NextHop? {
        do throws(SystemCallError) {
            let hop = try parts.finder.hop(toward: remote)
            self.logger.debug("next hop", metadata: ["toward": "\(remote)", "is": "\(Self.words(for: hop))"])
            return hop
        } catch {
            self.logger.debug("next hop not found", metadata: ["toward": "\(remote)", "why": "\(error)"])
            return nil
        }
    }

    private static func words(for hop: NextHop?) -> String {
        guard let hop else { return "left to the IP stack" }
        return "\(hop.address) on interface \(hop.interface), up to \(hop.mtu) octets"
    }
}
