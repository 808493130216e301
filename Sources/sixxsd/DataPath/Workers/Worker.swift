import Core
import Foundation
import LinuxIO
import Logging
import Synchronization
import SystemPackage
import Wire

/// A thread that owns an engine: reads a batch, asks the engine about each packet, does what it says; nothing else.
final class Worker: Sendable {
    private let sockets: WorkerSockets
    private let configuration: EngineConfiguration
    private let common: PacketLoop.Common
    private let logger: Logger
    private let isStopping = Atomic(false)
    private let stopped: AsyncStream<Result<Void, SystemCallError>>
    private let reportStop: AsyncStream<Result<Void, SystemCallError>>.Continuation

    /// Where others leave work for the engine.
    let mailbox: EngineMailbox

    init(
        _ sockets: WorkerSockets,
        _ configuration: EngineConfiguration,
        _ common: PacketLoop.Common,
        logger: Logger
    ) throws(SystemCallError) {
        self.sockets = sockets
        self.configuration = configuration
        self.common = common
        self.logger = logger
        self.mailbox = try EngineMailbox()
        (self.stopped, self.reportStop) = AsyncStream.makeStream()
    }

    /// Starts the thread, and waits until it serves.
    ///
    /// - Throws: ``SystemCallError`` when it could not begin.
    func start() async throws {
        try await withCheckedThrowingContinuation { started in
            let thread = Thread { self.live(started) }
            thread.name = "worker \(self.sockets.share.index)"
            thread.start()
        }
    }

    private func live(_ started: CheckedContinuation<Void, any Error>) {
        var loop: PacketLoop
        do throws(SystemCallError) {
            loop = try PacketLoop(self.sockets, self.configuration, self.common, self.mailbox)
            if let count = loop.restoredTunnels, count > 0 {
                self.logger.notice(
                    "sessions restored from before the restart",
                    metadata: ["tunnels": "\(count)"]
                )
            }
            loop.ring = self.takeRing(for: loop)
            self.reportMissingTap()
        } catch {
            started.resume(throwing: error)
            return
        }
        started.resume()
        do throws(SystemCallError) {
            try loop.run(until: { self.isStopping.load(ordering: .relaxed) })
            self.reportStop.yield(.success(()))
        } catch {
            self.reportStop.yield(.failure(error))
        }
        self.reportStop.finish()
        loop.answerMail()
    }

    private func reportMissingTap() {
        // All workers are refused alike.
        guard case .failure(let error) = self.sockets.tapping, self.sockets.share.index == 0 else { return }
        self.logger.notice(
            """
            the sizes of packets that links merged (GRO) are estimated: TCP in 6in4 and GRE is handed on in packets of \
            \(IPv6Packet.minimumMTU) octets there, merged UDP is lost: \(error)
            """
        )
    }

    /// Takes what moves many packets with one system call, where that is wanted and the kernel allows it.
    private func takeRing(for loop: borrowing PacketLoop) -> DeviceRing? {
        switch self.sockets.takeRing() {
        case nil: return nil
        case .success(let ring):
            self.pin(loop.received, for: ring)
            return ring
        case .failure(let error):
            // All workers are refused alike.
            if self.sockets.share.index == 0 {
                let limit = error.errno == .noMemory ? ", which RLIMIT_MEMLOCK may be too low for" : ""
                self.logger.notice(
                    "the TUN device is read and written one packet at a time, without io_uring\(limit): \(error)"
                )
            }
            return nil
        }
    }

    private func pin(_ batch: ReceiveBatch, for ring: DeviceRing) {
        do throws(SystemCallError) { try ring.pin(batch) } catch {
            self.logger.notice(
                "packet buffers are not pinned in memory, which costs speed (raise RLIMIT_MEMLOCK): \(error)"
            )
        }
    }

    /// Asks the thread to end after the batch it has in hand.
    func stop() async {
        self.isStopping.store(true, ordering: .relaxed)
        await self.mailbox.perform { _, _ in }
    }

    /// Waits for the thread's end.
    ///
    /// - Throws: ``SystemCallError`` when it could not go on.
    func waitUntilStopped() async throws {
        for await result in self.stopped { try result.get() }
    }
}
