import Core
import LinuxIO
import Synchronization

/// Brings work from other threads to the engine, which does it between two batches of packets.
final class EngineMailbox: Sendable {
    /// Is given the engine, the time, and what comes before whoever waits is told.
    private typealias Work = @Sendable (inout Engine, Timestamp, (inout Engine) -> Void) -> Void

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
                $0.append { engine, now, finish in
                    let value = body(&engine, now)
                    finish(&engine)
                    continuation.resume(returning: value)
                }
            }
            self.wakeUp.signal()
        }
    }

    /// Does all the work that has come; to be called by the engine's thread.
    ///
    /// - Parameters:
    ///   - engine: Does it.
    ///   - now: The time.
    ///   - finish: Comes after each piece of work, before whoever waits for it is told.
    func deliver(
        to engine: inout Engine,
        at now: Timestamp,
        finishing finish: (inout Engine) -> Void = { _ in }
    ) {
        self.wakeUp.drain()
        let letters = self.letters.withLock { letters in
            defer { letters = [] }
            return letters
        }
        for letter in letters { letter(&engine, now, finish) }
    }
}
