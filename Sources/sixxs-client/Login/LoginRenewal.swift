import Dispatch
import LinuxIO
import Logging
import Synchronization

/// Logs in on a thread of its own, so that a slow server holds up no packet.
final class BackgroundLogin: Sendable {
    typealias Result = Swift.Result<TICAnswer, LoginFailure>

    private let queue = DispatchQueue(label: "login")
    private let result = Mutex<Result?>(nil)
    private let wakeUp: WakeUp
    private let logIn: @Sendable () -> Result

    /// For pollers: readable when there is a result.
    var fileDescriptor: CInt { self.wakeUp.fileDescriptor }

    /// Creates one that is at rest.
    ///
    /// - Parameter logIn: Logs in; may take long.
    /// - Throws: ``SystemCallError`` when the process has no descriptor left.
    init(_ logIn: @escaping @Sendable () -> Result) throws(SystemCallError) {
        self.wakeUp = try WakeUp()
        self.logIn = logIn
    }

    func begin() {
        self.queue.async {
            let result = self.logIn()
            self.result.withLock { $0 = result }
            self.wakeUp.signal()
        }
    }

    /// The result that has come since it was last asked for; nil without one.
    func take() -> Result? {
        self.wakeUp.drain()
        return self.result.withLock { result in
            defer { result = nil }
            return result
        }
    }
}

/// Logs in again when the tunnel falls silent: it may be somewhere else by now.
struct LoginRenewal: Sendable {
    /// How long a tunnel is silent before the first login, besides the time until its silence is noticed.
    static let firstPause = Duration.seconds(5)

    /// The longest time between two logins of a tunnel that stays silent.
    static let longestPause = Duration.seconds(600)

    private let login: BackgroundLogin
    private let logger: Logger

    /// What the tunnel was set up by.
    private let answer: TICAnswer
    private var next: Duration?
    private var pause = Self.firstPause
    private var isUnderWay = false
    private var lastFailure: LoginFailure?

    init(_ login: BackgroundLogin, of answer: TICAnswer, _ logger: Logger) {
        self.login = login
        self.answer = answer
        self.logger = logger
    }

    /// For pollers: readable when a login is done.
    var fileDescriptor: CInt { self.login.fileDescriptor }

    /// When ``beginIfDue(at:)`` has something to do; nil while the tunnel works, and while a login is under way.
    var deadline: Duration? { self.isUnderWay ? nil : self.next }

    /// Notes whether the tunnel is silent.
    mutating func note(isSilent: Bool, at now: Duration) {
        if !isSilent {
            (self.next, self.pause) = (nil, Self.firstPause)
        } else if self.next == nil {
            self.next = now + self.pause
        }
    }

    /// Begins to log in if that is due.
    mutating func beginIfDue(at now: Duration) {
        guard !self.isUnderWay, let next = self.next, now >= next else { return }
        self.isUnderWay = true
        self.login.begin()
    }

    /// Takes what a login brought.
    ///
    /// - Returns: What the server tells now, if it is something else; nil otherwise.
    mutating func take(at now: Duration) -> TICAnswer? {
        guard let result = self.login.take() else { return nil }
        self.isUnderWay = false
        self.pause = min(self.pause * 2, Self.longestPause)
        if self.next != nil { self.next = now + self.pause }
        switch result {
        case .success(let answer):
            self.lastFailure = nil
            if answer != self.answer { return answer }
            self.logger.info("logged in again: the tunnel is as it was")
        case .failure(let failure):
            // The same again is no news.
            if failure != self.lastFailure { self.logger.warning("cannot log in again: \(failure)") }
            self.lastFailure = failure
        }
        return nil
    }
}
