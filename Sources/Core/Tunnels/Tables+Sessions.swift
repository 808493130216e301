internal import Wire

// Sessions are what the PoP's engines have in common: each has a copy, and takes over what another changed.
extension Tables {
    /// Takes over what other engines of the PoP changed since the last packet.
    @inline(__always)
    mutating func catchUp() {
        if self.sessions.changeCount != self.knownChanges { self.takeOverChanges() }
    }

    private mutating func takeOverChanges() {
        while true {
            switch self.sessions.change(number: self.knownChanges) {
            case .none: return
            case .session(let tid, let session):
                self.knownChanges &+= 1
                self.adopt(session, of: tid)
            case .tooMany:
                // What changes meanwhile is looked at again.
                self.knownChanges = self.sessions.changeCount
                self.adoptAll()
            }
        }
    }

    /// Takes over the sessions of all tunnels.
    private mutating func adoptAll() {
        for number in 0..<UInt16(TID.capacity) {
            guard let tid = TID(rawValue: number) else { continue }
            self.adopt(self.sessions.session(of: tid), of: tid)
        }
    }

    /// Changes a tunnel's session, for all engines.
    ///
    /// - Returns: Whether it was changed, or was already as it should be.
    @discardableResult
    mutating func changeSession(
        of tid: TID,
        beatTime: UInt64? = nil,
        _ body: (inout Session) -> Bool
    ) -> Bool {
        let session = self.sessions.change(tid, at: self.epoch, beatTime: beatTime, body)
        guard let session else { return false }
        self.adopt(session, of: tid)
        return true
    }

    /// Takes over a session that the PoP's engines agreed on, and keeps the index and the entry in step.
    mutating func adopt(_ session: Session, of tid: TID) {
        let old = self.forwarding.tunnels[tid].session
        self.forwarding.tunnels[tid].session = session
        if old.path != session.path || old.encapsulation != session.encapsulation {
            self.endpoints.remove(tid)
            if let path = session.path { self.endpoints.insert(tid, path, session.encapsulation) }
        }
        self.forwarding.refreshMTU(of: tid)
        self.forwarding.refreshCondition(of: tid)
        if self.tracksPlainTunnels, !session.acts(as: old) { self.notePlainChange(of: tid) }
        self.flows.forget()
    }

    /// Brings a dynamic tunnel up, or keeps it up, after a beat was found right.
    ///
    /// - Returns: Whether it was accepted; a replay from elsewhere is not.
    mutating func acceptBeat(_ beat: Beat, of tid: TID, at now: Timestamp) -> Bool {
        let isRoutine =
            self.forwarding.tunnels[tid].session.isUnchanged(by: beat)
            && now.nanoseconds(since: self.forwarding.tunnels[tid].toldBeat) < SharedSessions.longestSilence
        if !isRoutine {
            guard self.changeSession(of: tid, beatTime: now.monotonic, { $0.accept(beat, at: now.monotonic) })
            else {
                return false
            }
            self.forwarding.tunnels[tid].toldBeat = now.monotonic
        }
        self.note(.beaten(beat.path), about: tid)
        self.forwarding.tunnels[tid].lastBeat = now.monotonic
        self.forwarding.tunnels[tid].hasBeaten = true
        return true
    }

    /// Remembers a path MTU unless a smaller one is known.
    mutating func lowerPathMTU(of tid: TID, to mtu: PathMTU) {
        self.changeSession(of: tid) { session in
            guard mtu.isNews(after: session.pathMTU) else { return false }
            session.pathMTU = mtu
            return true
        }
    }
}
