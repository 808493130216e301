internal import Central
internal import Foundation
internal import HTTP
internal import Wire

/// Asks daemons about tunnels for those who look: one question a tunnel in five seconds, shared by all of them.
actor LiveQuestions<Answer: Sendable> {
    private typealias Question = Task<Answer, any Error>

    /// How long an answer is good.
    private static var validity: Duration { .seconds(5) }
    /// How long somebody waits for one.
    private static var patience: Duration { .seconds(2) }
    /// Questions that may be under way at once.
    private static var most: Int { 32 }

    private let ask: @Sendable (TunnelNumber) async throws -> Answer
    private var questions: [TunnelNumber: (task: Question, begun: ContinuousClock.Instant, time: Date)] = [:]

    /// - Parameter ask: The question.
    init(_ ask: @escaping @Sendable (TunnelNumber) async throws -> Answer) { self.ask = ask }

    /// The answer to a question that was asked within the last seconds.
    ///
    /// - Throws: ``HTTP/Refusal`` when there is none in time, or ``Central/RegistryError``.
    func answer(about number: TunnelNumber) async throws -> (answer: Answer, time: Date) {
        let now = ContinuousClock.now
        self.questions = self.questions.filter { now - $0.value.begun < Self.validity }
        if let known = self.questions[number] { return (try await Self.wait(for: known.task), known.time) }
        guard self.questions.count < Self.most else {
            throw Refusal(.serviceUnavailable, "too many daemons are being asked: try again in some seconds")
        }
        let (ask, time) = (self.ask, Date())
        let task = Question { try await ask(number) }
        self.questions[number] = (task, now, time)
        return (try await Self.wait(for: task), time)
    }

    /// Waits for an answer, but not for ever; the question goes on for those who come after.
    private static func wait(for question: Question) async throws -> Answer {
        let (answers, continuation) = AsyncStream<Result<Answer, any Error>?>.makeStream()
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
