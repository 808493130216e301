internal import ArgumentParser
internal import Streams
internal import UnixSignals
internal import Wire

/// What must not be left half way when somebody presses Ctrl-C: another program would go on alone.
enum Interruptible {
    private enum Event<Value: Sendable>: Sendable {
        case done(Result<Value, any Error>)
        case signal(UnixSignal)
    }

    /// Does something; SIGINT and SIGTERM cancel it, and its end is waited for.
    ///
    /// - Parameter body: What to do.
    /// - Returns: What came of it.
    /// - Throws: What the body throws; an exit status of 128 and the signal's number after one, once the body's error was said.
    static func run<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Event<Value>?.self) { group in
            group.addTask {
                do { return .done(.success(try await body())) } catch { return .done(.failure(error)) }
            }
            group.addTask { await signals.first { _ in true }.map(Event.signal) }
            var received: UnixSignal?
            while let event = try await group.next() {
                switch event {
                case .signal(let signal):
                    received = signal
                    group.cancelAll()
                case .done(let result):
                    group.cancelAll()
                    guard let received, case .failure(let error) = result else { return try result.get() }
                    Terminal.complain("\("\(error)".printable)")
                    throw ExitCode(128 + received.rawValue)
                case nil: continue
                }
            }
            throw CancellationError()
        }
    }
}
