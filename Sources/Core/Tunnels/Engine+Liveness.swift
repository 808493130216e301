internal import Wire

extension Engine {
    /// Takes dynamic tunnels down whose beats have stopped, and forgets path MTUs that are old; to be called every
    /// second on the first of a PoP's engines.
    ///
    /// - Returns: How many tunnels went down.
    public mutating func expireTunnels(at now: Timestamp) -> Int {
        self.catchUp()
        var expired = 0
        for number in 0..<UInt16(TID.capacity) {
            guard let tid = TID(rawValue: number), self.forwarder.entries[tid].condition == .up else {
                continue
            }
            if let learnt = self.forwarder.tunnels[tid].session.pathMTU,
                now.nanoseconds(since: learnt.learntAt) > PathMTU.lifetime
            {
                self.changeSession(of: tid) { session in
                    session.pathMTU = nil
                    return true
                }
            }
            guard self.forwarder.tunnels[tid].isDynamic, self.hasStoppedBeating(tid, now) else { continue }
            self.changeSession(of: tid) { session in
                session.isAlive = false
                return true
            }
            expired += 1
        }
        return expired
    }

    private func hasStoppedBeating(_ tid: TID, _ now: Timestamp) -> Bool {
        let timeout = self.configuration.beatTimeout
        guard now.nanoseconds(since: self.forwarder.tunnels[tid].lastBeat) > timeout else { return false }
        guard self.index.count > 1 else { return true }
        // The engine that sees the beats may not have told of the last one.
        return now.nanoseconds(since: self.sessions.lastBeat(of: tid)) > timeout
            &+ SharedSessions.longestSilence
    }

    /// Brings a dynamic tunnel up, or keeps it up, after a beat was found right.
    ///
    /// - Returns: Whether it was accepted; a replay from elsewhere is not.
    mutating func acceptBeat(_ beat: Beat, of tid: TID, at now: Timestamp) -> Bool {
        let isRoutine =
            self.forwarder.tunnels[tid].session.isUnchanged(by: beat)
            && now.nanoseconds(since: self.forwarder.tunnels[tid].toldBeat) < SharedSessions.longestSilence
        if !isRoutine {
            guard self.changeSession(of: tid, beatTime: now.monotonic, { $0.accept(beat, at: now.monotonic) })
            else {
                return false
            }
            self.forwarder.tunnels[tid].toldBeat = now.monotonic
        }
        self.note(.beaten(beat.path), about: tid)
        self.forwarder.tunnels[tid].lastBeat = now.monotonic
        self.forwarder.tunnels[tid].hasBeaten = true
        return true
    }
}
