import LinuxIO
import Synchronization
import Wire

/// Where one worker leaves questions about next hops and finds the answers.
///
/// Bounded, and without allocating once it is made: what finds no room is asked again later.
final class NextHopRequestQueue: Sendable {
    /// An answer, and what it was worked out from.
    struct Answer: Hashable, Sendable {
        var remote: IPv4Address
        var hop: NextHop?
        /// The generation of the kernel's tables that it was found in.
        var generation: UInt32
    }

    /// How many questions, and how many answers, wait at most.
    static let capacity = 4096

    private let questions: Mutex<[IPv4Address]>
    private let answers: Mutex<[Answer]>
    private let hasAnswers = Atomic(false)
    private let wakeUp: WakeUp

    /// Creates a queue that wakes somebody up when a question comes.
    init(_ wakeUp: WakeUp) {
        var questions: [IPv4Address] = []
        questions.reserveCapacity(Self.capacity)
        var answers: [Answer] = []
        answers.reserveCapacity(Self.capacity)
        self.questions = Mutex(questions)
        self.answers = Mutex(answers)
        self.wakeUp = wakeUp
    }

    // MARK: - The worker's side

    /// Asks for the next hop toward a remote end; without waiting, and so without success when it is not the time.
    func ask(about remote: IPv4Address) {
        let isFirst = self.questions.withLockIfAvailable { questions in
            guard questions.count < Self.capacity else { return false }
            questions.append(remote)
            return questions.count == 1
        }
        if isFirst == true { self.wakeUp.signal() }
    }

    /// Takes the answers that have come, without waiting.
    func takeAnswers(_ body: (Answer) -> Void) {
        guard self.hasAnswers.load(ordering: .relaxed) else { return }
        self.answers.withLockIfAvailable { answers in
            self.hasAnswers.store(false, ordering: .relaxed)
            for answer in answers { body(answer) }
            answers.removeAll(keepingCapacity: true)
        }
    }

    // MARK: - The other side

    /// Takes some of the questions away, the oldest first.
    func takeQuestions(atMost count: Int) -> [IPv4Address] {
        self.questions.withLock { questions in
            let taken = Array(questions.prefix(count))
            questions.removeFirst(taken.count)
            return taken
        }
    }

    /// Leaves answers for the worker; those that find no room are lost.
    func leave(_ new: [Answer]) {
        guard !new.isEmpty else { return }
        self.answers.withLock { answers in
            answers.append(contentsOf: new.prefix(Self.capacity - answers.count))
            self.hasAnswers.store(true, ordering: .relaxed)
        }
    }
}
