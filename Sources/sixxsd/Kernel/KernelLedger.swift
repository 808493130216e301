import Logging
import Synchronization

/// What the kernel was found to have otherwise than it should, for those who look; and what of it the log is told.
final class KernelLedger: Sendable {
    /// For how long the log is not told again of what is mended again and again, in nanoseconds.
    fileprivate static let quiet: UInt64 = 60_000_000_000

    /// How many phrases are remembered, so that the log is not told again.
    fileprivate static let mostRemembered = 256

    /// What there is to know.
    struct Account: Sendable {
        /// How often something was mended, by what it was about.
        var mended: [Deviation.Subject: UInt64] = [:]
        /// What is wrong at this moment and can't be mended.
        var faults: [Deviation] = []
    }

    /// What is to be said at one level.
    struct Remark: Hashable, Sendable {
        let level: Logger.Level
        let text: String
    }

    fileprivate struct State {
        var account = Account()
        var remarked: Set<Deviation> = []
        /// When the log was told last of what was mended, in nanoseconds.
        var told: [Deviation: UInt64] = [:]
    }

    private let state = Mutex(State())

    /// What was found so far.
    var account: Account { self.state.withLock { $0.account } }

    /// Takes what a comparison found.
    ///
    /// - Parameters:
    ///   - deviations: All of it.
    ///   - now: Monotonic time, in nanoseconds.
    /// - Returns: What is new, for the log.
    func note(_ deviations: [Deviation], at now: UInt64) -> [Remark] {
        self.state.withLock { state in
            let faults = deviations.filter { $0.outcome == .open }
            let over = state.account.faults.filter { !faults.contains($0) }
            let new = faults.filter { !state.account.faults.contains($0) }
            state.account.faults = faults
            var remarks = new.map { Remark(level: .error, text: $0.description) }
            remarks += over.map { Remark(level: .notice, text: "resolved: \($0.description)") }
            remarks += deviations.compactMap { state.remark(on: $0, at: now) }
            return remarks
        }
    }
}

extension KernelLedger.State {
    fileprivate mutating func remark(on deviation: Deviation, at now: UInt64) -> KernelLedger.Remark? {
        switch deviation.outcome {
        case .open: return nil
        case .remarked:
            guard self.remarked.count < KernelLedger.mostRemembered,
                self.remarked.insert(deviation).inserted
            else { return nil }
            return KernelLedger.Remark(level: .notice, text: deviation.description)
        case .mended:
            let count = self.account.mended[deviation.subject, default: 0] &+ 1
            self.account.mended[deviation.subject] = count
            self.told = self.told.filter { now &- $0.value < KernelLedger.quiet }
            guard self.told[deviation] == nil, self.told.count < KernelLedger.mostRemembered else {
                return nil
            }
            self.told[deviation] = now
            let text = "\(deviation) (\(deviation.subject.rawValue): \(count) since the start)"
            return KernelLedger.Remark(level: .warning, text: text)
        }
    }
}
