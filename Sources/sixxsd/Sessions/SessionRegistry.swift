import Synchronization

/// Counts what all control sessions take together, and what each user's do.
///
/// Nobody's take so much that there is nothing left for others; of what all share, a part is kept for
/// the socket's group, and root and the daemon's user have their own.
final class SessionRegistry: Sendable {
    /// Why there is no place.
    enum Full: Hashable, Sendable {
        /// This guest has all that one may have.
        case ofGuest
        /// Everybody together has.
        case ofAll
    }

    /// What a connection waits for that is no session.
    enum Stage: Hashable, Sendable {
        /// To be told whether it may be one.
        case judged
        /// To have read that it may not.
        case refused
    }

    private struct Waiting: Hashable {
        let name: Guest.Name
        let stage: Stage
    }

    /// What sessions of one are counted by: a user has so many on all doors together; root and the daemon's user so many on
    /// each, so that they can still come in by the other when something of theirs has filled one.
    private struct Place: Hashable {
        let name: Guest.Name
        let door: Reception.Door?

        init(_ guest: Guest, by door: Reception.Door) {
            self.name = guest.name
            self.door = guest.isOwner ? door : nil
        }
    }

    private struct Texts {
        var count = 0
        var octets = 0
    }

    private struct Counts {
        var waiting: [Waiting: Int] = [:]
        var waitingInAll: [Stage: Int] = [:]
        var sessions: [Place: Int] = [:]
        /// Without those of owners, who have places of their own.
        var sessionsInAll = 0
        var ordinarySessions = 0
        var texts: [Guest.Name: Texts] = [:]
        var octetsInAll = 0
        var ordinaryOctets = 0
    }

    /// Whose turn it is with what takes long.
    let turns: CommandTurns

    private let limits: SessionLimits
    private let counts = Mutex(Counts())

    init(_ limits: SessionLimits) {
        self.limits = limits
        self.turns = CommandTurns(limits)
    }

    // MARK: - Connections that are no sessions

    /// Lets a connection be without a session for a moment, if there is room.
    func begin(_ stage: Stage, _ name: Guest.Name) -> Bool {
        self.counts.withLock { counts in
            let place = Waiting(name: name, stage: stage)
            let count = counts.waiting[place, default: 0]
            guard count < self.limits.waitingOfOne,
                counts.waitingInAll[stage, default: 0] < self.limits.waiting
            else { return false }
            counts.waiting[place] = count + 1
            counts.waitingInAll[stage, default: 0] += 1
            return true
        }
    }

    func end(_ stage: Stage, _ name: Guest.Name) {
        self.counts.withLock { counts in
            counts.waiting.decrease(Waiting(name: name, stage: stage))
            counts.waitingInAll.decrease(stage)
        }
    }

    // MARK: - Sessions

    /// Lets a session in; nil when there is room.
    func enter(_ guest: Guest, by door: Reception.Door) -> Full? {
        let place = Place(guest, by: door)
        return self.counts.withLock { counts in
            let count = counts.sessions[place, default: 0]
            guard count < self.limits.sessionsOfOne else { return .ofGuest }
            if !guest.isOwner {
                guard counts.sessionsInAll < self.limits.sessions else { return .ofAll }
                let mostOrdinary = self.limits.sessions - self.limits.keptSessions
                guard guest.isKept || counts.ordinarySessions < mostOrdinary else { return .ofAll }
                counts.sessionsInAll += 1
                counts.ordinarySessions += guest.isKept ? 0 : 1
            }
            counts.sessions[place] = count + 1
            return nil
        }
    }

    func leave(_ guest: Guest, by door: Reception.Door) {
        self.counts.withLock { counts in
            counts.sessions.decrease(Place(guest, by: door))
            guard !guest.isOwner else { return }
            counts.sessionsInAll -= 1
            counts.ordinarySessions -= guest.isKept ? 0 : 1
        }
    }

    // MARK: - Texts

    /// Lets a text of so many octets be sent; nil when there is room for it.
    func beginText(_ guest: Guest, octets: Int) -> Full? {
        self.counts.withLock { counts in
            let texts = counts.texts[guest.name] ?? Texts()
            let isWithin = texts.octets + octets <= self.limits.textOctetsOfOne
            guard texts.count < self.limits.textsOfOne, isWithin else { return .ofGuest }
            if !guest.isOwner {
                guard counts.octetsInAll + octets <= self.limits.textOctets else { return .ofAll }
                let mostOrdinary = self.limits.textOctets - self.limits.keptTextOctets
                guard guest.isKept || counts.ordinaryOctets + octets <= mostOrdinary else { return .ofAll }
                counts.octetsInAll += octets
                counts.ordinaryOctets += guest.isKept ? 0 : octets
            }
            counts.texts[guest.name] = Texts(count: texts.count + 1, octets: texts.octets + octets)
            return nil
        }
    }

    func endText(_ guest: Guest, octets: Int) {
        self.counts.withLock { counts in
            let texts = counts.texts[guest.name] ?? Texts()
            let isLast = texts.count <= 1
            counts.texts[guest.name] =
                isLast ? nil : Texts(count: texts.count - 1, octets: texts.octets - octets)
            guard !guest.isOwner else { return }
            counts.octetsInAll -= octets
            counts.ordinaryOctets -= guest.isKept ? 0 : octets
        }
    }
}

extension Dictionary where Value == Int {
    /// Takes one off a count; who has none is forgotten.
    fileprivate mutating func decrease(_ key: Key) {
        let count = self[key, default: 0] - 1
        self[key] = count > 0 ? count : nil
    }
}
