import Core
import LinuxIO
import Synchronization

/// Brings work from other threads to the engine, which does it between two batches of packets.
final class EngineMailbox: Sendable {
    typealias Work = @Sendable (inout Engine, Timestamp) -> Void

    private let letters = Mutex<[Work]>([])
    private let wakeUp: WakeUp

    /// Readable when there is work.
    var fileDescriptor: CInt { self.wakeUp.fileDescriptor }

    init() throws(SystemCallError) {
        self.wakeUp = try WakeUp()
    }

    /// Does something with the engine on its own thread, and waits for what comes of it.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (inout Engine, Timestamp) -> Value
    ) async -> Value {
        await withCheckedContinuation { continuation in
            self.letters.withLock {
                $0.append { engine, now in continuation.resume(returning: body(&engine, now)) }
            }
            self.wakeUp.signal()
        }
    }

    /// Does all the work that has come; to be called by the engine's thread.
    func deliver(to engine: inout Engine, at now: Timestamp) {
        self.wakeUp.drain()
        let letters = self.letters.withLock { letters in
            defer { letters = [] }
            return letters
        }
        for letter in letters { letter(&engine, now) }
    }
}
