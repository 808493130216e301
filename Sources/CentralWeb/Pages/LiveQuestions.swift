internal import Central
internal import Foundation
internal import HTTP
internal import Wire

/// Asks daemons about tunnels for those who look: one question a tunnel in five seconds, shared by all of them.
actor LiveQuestions {
    private typealias Question = Task<InspectTunnel.Answer, any Error>

    /// How long an answer is good.
    private static let validity = Duration.seconds(5)
    /// How long somebody waits for one.
    private static let patience = Duration.seconds(2)
    /// Questions that may be under way at once.
    private static let most = 32

    private var questions: [TunnelNumber: (task: Question, begun: ContinuousClock.Instant, time: Date)] = [:]

    /// The answer to a question that was asked within the last seconds.
    ///
    /// - Throws: ``HTTP/Refusal`` when there is none in time, or ``Central/RegistryError``.
    func answer(
        about number: TunnelNumber,
        _ centre: Centre
    ) async throws -> (answer: InspectTunnel.Answer, time: Date) {
        let now = ContinuousClock.now
        self.questions = self.questions.filter { now - $0.value.begun < Self.validity }
        if let known = self.questions[number] { return (try await Self.wait(for: known.task), known.time) }
        guard self.questions.count < Self.most else {
            throw Refusal(.serviceUnavailable, "too many daemons are being asked: try again in some seconds")
        }
        let (task, time) = (Question { try await InspectTunnel(number).row(in: centre) }, Date())
        self.questions[number] = (task, now, time)
        return (try await Self.wait(for: task), time)
    }

    /// Waits for an answer, but not for ever; the question goes on for those who come after.
    private static func wait(for question: Question) async throws -> InspectTunnel.Answer {
        let (answers, continuation) = AsyncStream<Result<InspectTunnel.Answer, any Error>?>.makeStream()
        let waiting = Task { continuation.yield(await question.result) }
        let timer = Task {
            try await Task.sleep(for: Self.patience)
            continuation.yield(nil)
        }
        defer {
            timer.cancel()
            waiting.cancel()
        }
        for await answer in answers {
            guard let answer else { break }
            return try answer.get()
        }
        throw Refusal(.gatewayTimeout, "its daemon has not answered within 2 s: look again in a moment")
    }
}
