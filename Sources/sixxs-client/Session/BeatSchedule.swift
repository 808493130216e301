/// When beats go out: two at the start, a second apart, then one each interval.
struct BeatSchedule: Sendable {
    private static let secondBeatDelay: Duration = .seconds(1)

    let interval: Duration
    private(set) var next: Duration
    private var isSecondDue = true

    init(interval: Duration, start: Duration) {
        self.interval = interval
        self.next = start
    }

    /// Starts anew, for instance because the endpoint changed.
    mutating func restart(at now: Duration) {
        self.next = now
        self.isSecondDue = true
    }

    /// Whether a beat is due; if so, it counts as sent.
    mutating func takeBeat(at now: Duration) -> Bool {
        guard now >= self.next else { return false }
        self.next = now + (self.isSecondDue ? min(Self.secondBeatDelay, self.interval) : self.interval)
        self.isSecondDue = false
        return true
    }
}
