import HTTP
import Wire

/// Copies what the daemon counts for those who ask, at most once a second however many do.
actor MetricsSource {
    private let context: CommandContext
    private let now: @Sendable () -> ContinuousClock.Instant
    private var errors = ErrorTotals()
    private var copy: (task: Task<DaemonFigures, Never>, begun: ContinuousClock.Instant)?

    /// How old a copy may be that is shown again.
    private static let validity = Duration.seconds(1)

    init(
        _ context: CommandContext,
        now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.context = context
        self.now = now
    }

    /// The figures as they are, or were a moment ago.
    func figures() async -> DaemonFigures {
        let now = self.now()
        if let copy = self.copy, now - copy.begun < Self.validity { return await copy.task.value }
        let before = self.copy?.task
        let task = Task {
            // The one before may still be at it, and counts errors that this one goes on from.
            _ = await before?.value
            return await self.look()
        }
        self.copy = (task, now)
        return await task.value
    }

    private func look() async -> DaemonFigures {
        var errors = self.errors
        let figures = await DaemonFigures(self.context, addingTo: &errors)
        self.errors = errors
        return figures
    }
}
