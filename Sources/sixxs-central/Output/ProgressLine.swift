internal import Foundation
internal import Streams
internal import Synchronization

/// How far work is that takes longer than a second, on a line of standard error that goes when it is done.
final class ProgressLine: Sendable {
    /// Told how many PoPs of how many are done.
    typealias Counter = @Sendable (_ done: Int, _ count: Int) -> Void

    private struct State: Sendable {
        var done = 0
        var count = 0
        var isShown = false
        var isOver = false
    }

    private let words: PrintedText
    private let started = ContinuousClock.now
    private let state = Mutex(State())

    private init(_ words: PrintedText) { self.words = words }

    /// Does something while it is said how far it is, if standard error is a terminal.
    static func show<Value>(
        _ words: PrintedText,
        while body: (Counter?) async throws -> Value
    ) async rethrows -> Value {
        guard isatty(STDERR_FILENO) == 1 else { return try await body(nil) }
        let line = ProgressLine(words)
        let ticks = Task {
            while !Task.isCancelled {
                // Cancelled: the line looks whether it is over.
                try? await Task.sleep(for: .seconds(1))
                line.draw()
            }
        }
        defer {
            ticks.cancel()
            line.end()
        }
        return try await body { line.count($0, of: $1) }
    }

    private func count(_ done: Int, of count: Int) {
        self.state.withLock { ($0.done, $0.count) = (done, count) }
    }

    private func draw() {
        let seconds = Int((ContinuousClock.now - self.started).components.seconds)
        self.state.withLock { state in
            guard !state.isOver, seconds > 0 else { return }
            state.isShown = true
            Terminal.complain("\r\u{1b}[K\(self.text(state, seconds))", terminator: "")
        }
    }

    private func text(_ state: State, _ seconds: Int) -> PrintedText {
        state.count > 1
            ? "\(self.words): \(state.done) of \(state.count) PoPs, \(seconds) s"
            : "\(self.words), \(seconds) s"
    }

    private func end() {
        self.state.withLock { state in
            state.isOver = true
            if state.isShown { Terminal.complain("\r\u{1b}[K", terminator: "") }
        }
    }
}
