internal import Glibc

/// A thread of its own for one conversation, so that libssh may be called without holding up Swift's own threads.
enum SessionThread {
    /// In octets, of which only what is touched counts.
    private static let stackSize = 2 << 20

    /// Runs a conversation on a new thread; cancelling the task raises the descriptor it is given.
    static func run<Answer: Sendable>(
        _ body: @escaping @Sendable (EventDescriptor) throws(ConnectionFailure) -> Answer
    ) async throws(ConnectionFailure) -> Answer {
        let cancellation = try EventDescriptor()
        let result: Result<Answer, ConnectionFailure> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let work = Work {
                    do throws(ConnectionFailure) {
                        continuation.resume(returning: .success(try body(cancellation)))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
                if let code = work.start(stackSize: Self.stackSize) {
                    let reason = SystemMessage.text(of: code)
                    continuation.resume(returning: .failure(.system(call: "pthread_create", reason: reason)))
                }
            }
        } onCancel: {
            cancellation.raise()
        }
        return try result.get()
    }

    /// What a thread does, in a form that C can carry.
    final class Work: Sendable {
        private let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }

        /// Starts the thread, which ends by itself.
        ///
        /// - Returns: The error code when there is no thread; the body is not run then.
        func start(stackSize: Int) -> Int32? {
            withUnsafeTemporaryAllocation(of: pthread_attr_t.self, capacity: 1) { buffer in
                guard let attributes = buffer.baseAddress else { return ENOMEM }
                pthread_attr_init(attributes)
                defer { pthread_attr_destroy(attributes) }
                pthread_attr_setstacksize(attributes, stackSize)
                pthread_attr_setdetachstate(attributes, Int32(PTHREAD_CREATE_DETACHED))
                let context = Unmanaged.passRetained(self)
                var thread: pthread_t = 0
                let code = pthread_create(&thread, attributes, { Work.enter($0) }, context.toOpaque())
                if code != 0 { context.release() }
                return code == 0 ? nil : code
            }
        }

        private static func enter(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
            guard let context else { return nil }
            // libssh writes to sockets that the peer may have closed.
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGPIPE)
            pthread_sigmask(SIG_BLOCK, &signals, nil)
            Unmanaged<Work>.fromOpaque(context).takeRetainedValue().body()
            return nil
        }
    }
}
