/// Those that wait for their turn at something, in the order in which they came.
///
/// An actor alone lets others in while one of its tasks waits.
struct TurnQueue {
    private var isTaken = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    /// Takes the turn, if it is free.
    mutating func takeIfFree() -> Bool {
        defer { self.isTaken = true }
        return !self.isTaken
    }

    /// Has somebody wait behind the others; he has the turn once he is resumed.
    mutating func add(_ continuation: CheckedContinuation<Void, Never>) {
        self.waiting.append(continuation)
    }

    /// Passes the turn on, at once: nobody else may come between.
    mutating func passOn() {
        guard !self.waiting.isEmpty else {
            self.isTaken = false
            return
        }
        self.waiting.removeFirst().resume()
    }
}
