internal import Wire

/// Goes on with the sessions that an earlier daemon wrote down.
enum Restoration {
    /// Restores the tunnels whose number, type and password are still those of the configuration.
    ///
    /// - Parameters:
    ///   - state: What was written down, of this PoP and not in the future.
    ///   - tables: Those of the first of a PoP's engines, before its first packet.
    ///   - now: The time.
    /// - Returns: How many tunnels carry packets because of it.
    static func restore(_ state: SavedState, in tables: inout Tables, at now: Timestamp) -> Int {
        let age = Self.age(of: state.writtenAt, now)
        guard age <= max(tables.configuration.beatTimeout, NewestBeat.lifetime) else { return 0 }
        var count = 0
        for saved in state.sessions where Self.restore(saved, of: state, in: &tables, now) { count += 1 }
        return count
    }

    private static func restore(
        _ saved: SavedSession,
        of state: SavedState,
        in tables: inout Tables,
        _ now: Timestamp
    ) -> Bool {
        guard let row = tables.configuration.rows[Int(saved.tid.rawValue)], row.number == saved.number,
            row.remote == saved.remoteEnd, let path = Self.path(of: saved, in: tables.forwarding)
        else { return false }
        if row.isDynamic {
            return Self.restoreDynamic(saved, row, of: state, path, in: &tables, now)
        }
        return Self.restoreFixed(saved, row, of: state, path, in: &tables, now)
    }

    /// The ends of a session, as far as packets can travel between them.
    private static func path(of saved: SavedSession, in tables: borrowing ForwardingTables) -> OuterPath? {
        let path = OuterPath(
            local: saved.local.address,
            remote: saved.remote.address,
            localPort: saved.local.port,
            remotePort: saved.remote.port
        )
        switch (path.local, path.remote) {
        case (.ipv4, .ipv4), (.ipv6, .ipv6): break
        default: return nil
        }
        let hasPorts = path.localPort != 0 && path.remotePort != 0
        guard path.remote.isReachableUnicast, tables.isExternal(path.remote),
            saved.encapsulation != .ayiya || hasPorts
        else { return nil }
        return path
    }

    private static func restoreFixed(
        _ saved: SavedSession,
        _ row: EngineConfiguration.Row,
        of state: SavedState,
        _ path: OuterPath,
        in tables: inout Tables,
        _ now: Timestamp
    ) -> Bool {
        let age = Self.age(of: state.writtenAt, now)
        guard age <= tables.configuration.beatTimeout, saved.encapsulation != .ayiya,
            path.remote == row.fixedRemote,
            !row.isDisabled
        else { return false }
        return tables.changeSession(of: saved.tid) { session in
            session.move(to: path)
            session.encapsulation = saved.encapsulation
            return true
        }
    }

    private static func restoreDynamic(
        _ saved: SavedSession,
        _ row: EngineConfiguration.Row,
        of state: SavedState,
        _ path: OuterPath,
        in tables: inout Tables,
        _ now: Timestamp
    ) -> Bool {
        guard let beats = saved.beats,
            let usesRetiredSecret = row.signedWithRetired(beats.seal, of: state, now)
        else { return false }
        let newest = NewestBeat(beats, isFinal: state.isFinal, now)
        let age = Self.age(of: beats.seenAt, now)
        let isAlive = saved.isUp && !row.isDisabled && age <= tables.configuration.beatTimeout
        guard isAlive || newest.stands(at: now.monotonic) else { return false }
        let lastBeat = now.monotonic.subtractingClamped(age)
        tables.changeSession(of: saved.tid, beatTime: lastBeat) { session in
            session.move(to: path)
            session.encapsulation = saved.encapsulation
            session.isAlive = isAlive
            session.usesRetiredSecret = usesRetiredSecret
            session.newestBeat = newest
            return true
        }
        tables.forwarding.tunnels[saved.tid].lastBeat = lastBeat
        tables.forwarding.tunnels[saved.tid].hasBeaten = true
        return isAlive
    }

    /// How long ago something was, in nanoseconds.
    private static func age(of time: Int64, _ now: Timestamp) -> UInt64 {
        let (seconds, isAbsurd) = now.unixTime.subtractingReportingOverflow(time)
        guard !isAbsurd else { return .max }
        return UInt64(clamping: seconds).multipliedClamped(by: Timestamp.nanosecondsPerSecond)
    }
}

extension NewestBeat {
    /// Goes on with what was written down.
    ///
    /// Where the daemon did not come to write down what it accepted last, the user's clock is taken to have gone on as it
    /// went before: all that the daemon may have accepted until now was signed at a time before this one.
    fileprivate init(_ beats: SavedSession.Beats, isFinal: Bool, _ now: Timestamp) {
        let age = max(now.unixTime &- beats.newestSeenAt, 0)
        let nanoseconds = UInt64(clamping: age).multipliedClamped(by: Timestamp.nanosecondsPerSecond)
        self.init(time: beats.newest, acceptedAt: now.monotonic.subtractingClamped(nanoseconds))
        guard !isFinal else { return }
        let silence = max(now.unixTime &- beats.seenAt, 0)
        // One more for what both clocks are rounded by.
        self = NewestBeat(time: beats.newest &+ silence &+ 1, acceptedAt: now.monotonic)
    }
}

extension EngineConfiguration.Row {
    /// Which of the tunnel's passwords a seal stands for; nil for neither.
    fileprivate func signedWithRetired(_ seal: [UInt8], of state: SavedState, _ now: Timestamp) -> Bool? {
        guard !seal.isEmpty else { return nil }
        if let password = self.password, state.seal(of: password) == seal { return false }
        guard let retired = self.retired, now.unixTime < retired.expiry,
            state.seal(of: retired.password) == seal
        else { return nil }
        return true
    }
}

extension UInt64 {
    fileprivate func subtractingClamped(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }

    fileprivate func multipliedClamped(by other: UInt64) -> UInt64 {
        let (product, isTooLarge) = self.multipliedReportingOverflow(by: other)
        return isTooLarge ? .max : product
    }
}
