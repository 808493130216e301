internal import Synchronization

/// Why a push is to be taken back, kept for when that fails.
final class TakeBackNote: Sendable {
    private let state = Mutex<String?>(nil)

    /// Nil while nothing is to be taken back.
    var reason: String? { self.state.withLock(\.self) }

    func forget() { self.state.withLock { $0 = nil } }

    func keep(_ reason: String) { self.state.withLock { $0 = reason } }
}
