import Foundation
import Synchronization

/// A thread on which things are done one after the other that may wait for long, for a disk above all.
///
/// A disk can hang for minutes (a file system that is frozen, or on another host), and the threads that tasks run on are as
/// few as processors: what waits there holds up everybody. Here it holds up only who waits for it.
final class BackgroundThread: Sendable {
    typealias Job = @Sendable () -> Void

    /// What the thread and its owner share; the thread must not keep the owner alive.
    private final class Line: Sendable {
        let jobs = Mutex<[Job?]>([])
        let arrivals = DispatchSemaphore(value: 0)

        /// Does what comes until nothing more will.
        func work() {
            while true {
                self.arrivals.wait()
                guard let job = self.jobs.withLock({ $0.removeFirst() }) else { return }
                job()
            }
        }
    }

    private let line = Line()

    /// Starts the thread.
    ///
    /// - Parameter name: What it is called in lists of threads.
    init(_ name: String) {
        let line = self.line
        let thread = Thread { line.work() }
        thread.name = name
        thread.start()
    }

    deinit { self.add(nil) }

    private func add(_ job: Job?) {
        self.line.jobs.withLock { $0.append(job) }
        self.line.arrivals.signal()
    }

    /// How much waits for its turn.
    var waiting: Int { self.line.jobs.withLock { $0.count } }

    /// Has something done after all that came before, and waits for nothing.
    ///
    /// - Parameters:
    ///   - most: How many may wait already.
    ///   - job: What to do.
    /// - Returns: Whether it will be done; false when too much waits already.
    func submit(unlessWaiting most: Int, _ job: @escaping Job) -> Bool {
        let isTaken = self.line.jobs.withLock { jobs in
            guard jobs.count < most else { return false }
            jobs.append(job)
            return true
        }
        if isTaken { self.line.arrivals.signal() }
        return isTaken
    }

    /// Does something after all that came before, and waits for what comes of it.
    ///
    /// - Throws: What the body throws.
    func perform<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let result: Result<Value, Failure> = await withCheckedContinuation { continuation in
            self.add { continuation.resume(returning: Result(catching: body)) }
        }
        return try result.get()
    }

    /// Does something after all that came before it, and waits for what comes of it as long as the waiting task is not
    /// cancelled; the thread does it nevertheless.
    ///
    /// - Throws: What the body throws, or `CancellationError`.
    func performUnlessCancelled<Value: Sendable>(
        _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        let answer = Answer<Value>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                answer.await(continuation)
                self.add { answer.give(Result(catching: body)) }
            }
        } onCancel: {
            answer.give(.failure(CancellationError()))
        }
    }

    /// An answer that is given once, by whoever is first.
    private final class Answer<Value: Sendable>: Sendable {
        private enum State {
            case open
            case awaited(CheckedContinuation<Value, any Error>)
            case given(Result<Value, any Error>)
            case taken
        }

        private let state = Mutex(State.open)

        func await(_ continuation: CheckedContinuation<Value, any Error>) {
            let early: Result<Value, any Error>? = self.state.withLock { state in
                guard case .given(let result) = state else {
                    state = .awaited(continuation)
                    return nil
                }
                state = .taken
                return result
            }
            if let early { continuation.resume(with: early) }
        }

        func give(_ result: Result<Value, any Error>) {
            let continuation: CheckedContinuation<Value, any Error>? = self.state.withLock { state in
                switch state {
                case .open:
                    state = .given(result)
                    return nil
                case .awaited(let continuation):
                    state = .taken
                    return continuation
                case .given, .taken: return nil
                }
            }
            continuation?.resume(with: result)
        }
    }
}
