internal import Foundation
internal import Wire

/// Tells what goes up and down one by one while that is seldom, and once an hour how often it was when it is not.
struct FlapFilter {
    /// How many turns of one thing are told one by one within the hour.
    static let told = 3

    /// The hour.
    static let window = Duration.seconds(3600)

    /// What turns: a PoP or a tunnel, or something else that happens to it again and again.
    private struct Thing: Hashable {
        let popID: Int?
        let tunnel: TunnelNumber?
        let kind: FleetEvent.Kind
    }

    private struct Turns {
        let since: Duration
        var count: Int
        var last: FleetEvent

        /// Whether the hour before was one of many turns, so that none of this one is told by itself.
        let isMuted: Bool
    }

    private var turns: [Thing: Turns] = [:]

    /// Counts an event.
    ///
    /// - Parameters:
    ///   - event: What happened.
    ///   - now: The time, by a clock that never steps.
    /// - Returns: Whether it is told by itself.
    mutating func tells(_ event: FleetEvent, at now: Duration) -> Bool {
        guard let kind = event.kind.repeated else { return true }
        let thing = Thing(popID: event.popID, tunnel: event.tunnel, kind: kind)
        var turns = self.turns[thing] ?? Turns(since: now, count: 0, last: event, isMuted: false)
        turns.count += 1
        turns.last = event
        self.turns[thing] = turns
        return !turns.isMuted && turns.count <= Self.told
    }

    /// What is told of the hours that are over.
    ///
    /// - Parameters:
    ///   - now: The time, by the same clock.
    ///   - date: The date of what is told.
    /// - Returns: One event for each thing.
    mutating func summaries(at now: Duration, _ date: Date) -> [FleetEvent] {
        var summaries: [FleetEvent] = []
        for (thing, turns) in self.turns where now - turns.since >= Self.window {
            let isMany = turns.isMuted ? turns.count > 0 : turns.count > Self.told
            self.turns[thing] = isMany ? Turns(since: now, count: 0, last: turns.last, isMuted: true) : nil
            if isMany { summaries.append(turns.last.summary(of: turns.count, at: date)) }
        }
        return summaries.sorted { ($0.popID ?? 0, $0.detail) < ($1.popID ?? 0, $1.detail) }
    }
}

extension FleetEvent {
    /// How often something happened within the last hour.
    fileprivate func summary(of count: Int, at date: Date) -> FleetEvent {
        let what =
            switch self.kind {
            case .reachable, .unreachable: "was reachable and unreachable in turn, \(count.counted("change"))"
            case .tunnelUp, .tunnelDown: "went up and down, \(count.counted("change"))"
            default: "\(self.kind.rawValue) \(count.counted("time"))"
            }
        return FleetEvent(
            time: date,
            popID: self.popID,
            tunnel: self.tunnel,
            kind: .flapping,
            detail: "\(what) in the last hour; the last: \(self.kind.rawValue)"
        )
    }
}

extension FleetEvent.Kind {
    /// What may happen again and again by itself: the one of a pair that names both; nil for what people do.
    fileprivate var repeated: Self? {
        switch self {
        case .reachable, .unreachable: .unreachable
        case .tunnelUp, .tunnelDown: .tunnelDown
        case .restarted, .drifted, .stopped, .rolledBack: self
        default: nil
        }
    }
}
