import LinuxIO
import Logging
import Wire

/// Holds the host to its side of the tunnel: looks as soon as something changes there, and now and then.
struct HostWatch: ~Copyable {
    /// How soon after a change; many at once are one.
    private static let haste = Duration.milliseconds(300)

    /// After how long it is looked at although nobody told of a change.
    private static let interval = Duration.seconds(30)

    private var side: HostSide<RouteNetlink>
    private var monitor: RouteMonitor
    private let advice: HostAdvice
    private let logger: Logger
    /// When it is looked at next.
    private(set) var deadline: Duration
    /// How soon and how loudly, if somebody undoes it again and again.
    private var pause = MendPause()
    /// What the log was told last of what can't be put back.
    private var lastFailure = ""
    /// What the log was told last of where packets go instead; nil when they go through the tunnel.
    private var lastDetour: Detour?

    /// Begins to watch.
    ///
    /// - Parameters:
    ///   - side: What must be there.
    ///   - advice: What to say.
    ///   - now: The time.
    ///   - logger: Gets a line for each change.
    /// - Throws: ``SystemCallError`` when the process has no descriptor left.
    init(
        _ side: consuming HostSide<RouteNetlink>,
        _ advice: HostAdvice,
        at now: Duration,
        _ logger: Logger
    ) throws(SystemCallError) {
        let monitor = try RouteMonitor(.ownState)
        self.side = side
        self.monitor = monitor
        self.advice = advice
        self.logger = logger
        self.deadline = now + Self.haste
    }

    /// For pollers: readable when something changed.
    var fileDescriptor: CInt { self.monitor.fileDescriptor }

    /// Takes what changed, unread.
    mutating func noteChange(at now: Duration) {
        // Who can't be told must look.
        guard (try? self.monitor.drain()) ?? true else { return }
        self.lookSoon(at: now)
    }

    /// Has it looked at soon.
    mutating func lookSoon(at now: Duration) {
        self.deadline = min(self.deadline, max(now + Self.haste, self.pause.end ?? now))
    }

    /// Looks, if it is time.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - isAnswering: Whether the tunnel works.
    mutating func lookIfDue(at now: Duration, tunnelWorks isAnswering: Bool) {
        guard now >= self.deadline else { return }
        self.deadline = now + Self.interval
        do throws(SystemCallError) {
            self.tell(ofMended: try self.side.mend(at: now), at: now)
            if let since = self.side.downSince {
                self.deadline = since + HostSide<RouteNetlink>.patience
                return
            }
            self.lastFailure = ""
            if isAnswering { self.tell(of: try self.side.detour()) }
        } catch {
            let words = "\(error)"
            if words != self.lastFailure {
                self.logger.error(
                    "the host's settings for the tunnel have changed and can't be restored: \(words)"
                )
            }
            self.lastFailure = words
        }
    }

    private mutating func tell(ofMended things: [String], at now: Duration) {
        guard !things.isEmpty else { return }
        let telling = self.pause.note(at: now)
        guard telling != .nothing else { return }
        for thing in things {
            self.logger.warning("the host's settings for the tunnel had changed; restored: \(thing)")
        }
        guard telling == .last else { return }
        self.logger.error(
            """
            something on this host undoes that again and again (another network manager?): it is put back less often from \
            now on, and without a word
            """
        )
    }

    private mutating func tell(of detour: Detour?) {
        guard detour != self.lastDetour else { return }
        self.lastDetour = detour
        if let detour {
            self.logger.warning("\(self.advice.line(about: detour))")
        } else {
            self.logger.notice("this host's IPv6 traffic goes through the tunnel again")
        }
    }
}
