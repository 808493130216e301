internal import Foundation
internal import Logging
internal import ServiceLifecycle

/// Rounds, one after the other, until the program is asked to end.
struct RoundService: Service {
    let round: Round
    let schedule: RoundSchedule
    let logger: Logger

    func run() async throws {
        // The end of the service cancels what is under way: a push that is cut changes nothing on its PoP.
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.oneRound()
                await self.pause()
            }
        }
        self.logger.info("stopped")
    }

    private func oneRound() async {
        let started = ContinuousClock.now
        do {
            let outcomes = try await self.round.run()
            let failed = outcomes.count { $0.attempt.outcome == .failed }
            let duration = (ContinuousClock.now - started).inSeconds
            self.logger.info("round over \(outcomes.count) PoPs: \(failed) failed (\(duration))")
        } catch {
            self.logger.error("the round did not take place: \(error)")
        }
    }

    private func pause() async {
        guard !Task.isCancelled else { return }
        let next = self.schedule.next(after: Date())
        self.logger.debug("next round at \(next.iso8601)")
        // Cancelled: the loop looks.
        try? await Task.sleep(for: .seconds(max(0, next.timeIntervalSinceNow)))
    }
}
