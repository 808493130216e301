internal import Wire

extension Engine {
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
    mutating func adoptAll() {
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

    /// Takes over a session that the PoP's engines agreed on, and keeps the index and the gate in step.
    mutating func adopt(_ session: Session, of tid: TID) {
        let old = self.forwarder.tunnels[tid].session
        self.forwarder.tunnels[tid].session = session
        if old.path != session.path || old.encapsulation != session.encapsulation {
            self.endpoints.remove(tid)
            if let path = session.path { self.endpoints.insert(tid, path, session.encapsulation) }
        }
        self.forwarder.refreshMTU(of: tid)
        self.forwarder.refreshCondition(of: tid)
        self.forgetFlows()
    }
}
