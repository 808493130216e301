internal import ServiceLifecycle
internal import UnixSignals

/// Ends the service gracefully at SIGTERM and SIGINT, from before anybody can see that it lives: untrapped, they would end it at once.
struct Termination: Service {
    private let signals: UnixSignalsSequence

    /// Begins to listen for the signals.
    init() async { self.signals = await UnixSignalsSequence(trapping: .sigterm, .sigint) }

    /// Returns after the first of them, or when the others end.
    func run() async throws {
        for await _ in self.signals.cancelOnGracefulShutdown() { return }
    }
}
