import Dispatch
import LinuxIO
import Synchronization
import Wire

/// Looks names up on a thread of its own, so that a slow resolver holds up no packet.
final class PoPLookup: Sendable {
    typealias Answer = Result<[IPAddress], HostLookup.Failure>

    private let queue = DispatchQueue(label: "lookup")
    private let answer = Mutex<Answer?>(nil)
    private let wakeUp: WakeUp
    private let resolve: @Sendable (String) -> Answer

    /// For pollers: readable when there is an answer.
    var fileDescriptor: CInt { self.wakeUp.fileDescriptor }

    /// Creates one that is at rest.
    ///
    /// - Parameter resolve: Asks for a name's addresses; may take long.
    /// - Throws: ``SystemCallError`` when the process has no descriptor left.
    init(
        resolve: @escaping @Sendable (String) -> Answer = { name in
            Result { () throws(HostLookup.Failure) in try HostLookup.addresses(of: name) }
        }
    ) throws(SystemCallError) {
        self.wakeUp = try WakeUp()
        self.resolve = resolve
    }

    /// Begins to look a name up.
    func begin(_ name: String) {
        self.queue.async {
            let answer = self.resolve(name)
            self.answer.withLock { $0 = answer }
            self.wakeUp.signal()
        }
    }

    /// The answer that has come since it was last asked for; nil without one.
    func take() -> Answer? {
        self.wakeUp.drain()
        return self.answer.withLock { answer in
            defer { answer = nil }
            return answer
        }
    }
}
