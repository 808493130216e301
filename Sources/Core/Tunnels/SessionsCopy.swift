public import Wire

/// All sessions of a PoP as they were at about one time, to be written down.
public struct SessionsCopy: Sendable {
    fileprivate let rows: [(session: Session, lastBeat: UInt64)]
}

extension SharedSessions {
    /// Copies all sessions, one after the other, so that no engine waits for more than one.
    public func copy() -> SessionsCopy {
        SessionsCopy(
            rows: (0..<UInt16(TID.capacity)).map { number in
                TID(rawValue: number).map { self.sessionAndBeat(of: $0) } ?? (Session(), 0)
            }
        )
    }
}

extension SavedState {
    /// Describes the sessions of a PoP; nil for one that does not know which it is.
    ///
    /// - Parameters:
    ///   - sessions: The sessions.
    ///   - configuration: What was in force when they were copied.
    ///   - isFinal: Whether all engines had stopped before.
    ///   - salt: ``saltLength`` unpredictable octets.
    ///   - now: When they were copied.
    public init?(
        _ sessions: SessionsCopy,
        of configuration: EngineConfiguration,
        isFinal: Bool,
        salt: [UInt8],
        at now: Timestamp
    ) {
        guard let pop = configuration.ownDetails else { return nil }
        self.init(pop: pop, writtenAt: now.unixTime, isFinal: isFinal, salt: salt)
        for (number, (row, state)) in zip(configuration.rows, sessions.rows).enumerated() {
            guard let row, let tid = TID(rawValue: UInt16(truncatingIfNeeded: number)) else { continue }
            let session = self.describe(state.session, lastBeat: state.lastBeat, of: tid, row, now)
            if let session { self.sessions.append(session) }
        }
    }

    /// Nil where there is nothing that a start with the configuration alone would not bring.
    private func describe(
        _ session: Session,
        lastBeat: UInt64,
        of tid: TID,
        _ row: EngineConfiguration.Row,
        _ now: Timestamp
    ) -> SavedSession? {
        guard let path = session.path else { return nil }
        var saved = SavedSession(
            tid: tid,
            number: row.number,
            remoteEnd: row.remote,
            isUp: row.isDynamic ? session.isAlive : !row.isDisabled,
            encapsulation: session.encapsulation,
            local: Endpoint(path.local, port: path.localPort),
            remote: Endpoint(path.remote, port: path.remotePort)
        )
        guard row.isDynamic else {
            return session.encapsulation == .sixInFour && self.isOwn(path.local) ? nil : saved
        }
        guard let newest = session.newestBeat,
            let password = session.usesRetiredSecret ? row.retired?.password : row.password
        else { return nil }
        saved.beats = SavedSession.Beats(
            seenAt: max(now.unixTime(of: lastBeat), 0),
            newest: max(newest.time, 0),
            newestSeenAt: max(now.unixTime(of: newest.acceptedAt), 0),
            seal: self.seal(of: password)
        )
        return saved
    }

    private func isOwn(_ address: IPAddress) -> Bool {
        address == .ipv4(self.pop.ipv4) || address == .ipv6(self.pop.ipv6)
    }
}
