internal import Wire

/// Ends what has become too old.
enum Expiry {
    /// Takes dynamic tunnels down whose beats have stopped, and forgets path MTUs that are old.
    ///
    /// - Returns: How many tunnels went down.
    static func expire(_ tables: inout Tables, at now: Timestamp) -> Int {
        tables.catchUp()
        var expired = 0
        for number in 0..<UInt16(TID.capacity) {
            guard let tid = TID(rawValue: number), tables.forwarding.entries[tid].condition == .up else {
                continue
            }
            if let learnt = tables.forwarding.tunnels[tid].session.pathMTU,
                now.nanoseconds(since: learnt.learntAt) > PathMTU.lifetime
            {
                tables.changeSession(of: tid) { session in
                    session.pathMTU = nil
                    return true
                }
            }
            guard tables.forwarding.tunnels[tid].isDynamic, Self.hasStoppedBeating(tid, in: &tables, now)
            else { continue }
            tables.changeSession(of: tid) { session in
                session.isAlive = false
                return true
            }
            expired += 1
        }
        return expired
    }

    private static func hasStoppedBeating(_ tid: TID, in tables: inout Tables, _ now: Timestamp) -> Bool {
        let timeout = tables.configuration.beatTimeout
        guard now.nanoseconds(since: tables.forwarding.tunnels[tid].lastBeat) > timeout else { return false }
        guard tables.index.count > 1 else { return true }
        // The engine that sees the beats may not have told of the last one.
        return now.nanoseconds(since: tables.sessions.lastBeat(of: tid)) > timeout
            &+ SharedSessions.longestSilence
    }
}
