public import Wire

extension Engine {
    /// Goes on with the sessions that an earlier daemon wrote down; to be called on the first of a PoP's engines, before it
    /// takes its first packet.
    ///
    /// A tunnel carries at once if it was up and its last beat is not too old. Whatever its state, the times that its
    /// beats carried stand as they did before: a copy of an old datagram moves it no more than without a restart. Only
    /// tunnels are restored whose number, type and password are still those of the configuration.
    ///
    /// - Parameters:
    ///   - state: What was written down, of this PoP and not in the future.
    ///   - now: The time.
    /// - Returns: How many tunnels carry packets because of it.
    public mutating func restore(_ state: SavedState, at now: Timestamp) -> Int {
        let age = Self.age(of: state.writtenAt, now)
        guard age <= max(self.configuration.beatTimeout, NewestBeat.lifetime) else { return 0 }
        var count = 0
        for saved in state.sessions where self.restore(saved, of: state, now) { count += 1 }
        return count
    }

    private mutating func restore(_ saved: SavedSession, of state: SavedState, _ now: Timestamp) -> Bool {
        guard let row = self.configuration.rows[Int(saved.tid.rawValue)], row.number == saved.number,
            row.remote == saved.remoteEnd, let path = self.path(of: saved)
        else { return false }
        if row.isDynamic {
            return self.restoreDynamic(saved, row, of: state, path, now)
        }
        return self.restoreFixed(saved, row, of: state, path, now)
    }

    /// The ends of a session, as far as packets can travel between them.
    private func path(of saved: SavedSession) -> OuterPath? {
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
        guard path.remote.isReachableUnicast, self.forwarder.isExternal(path.remote),
            saved.encapsulation != .ayiya || hasPorts
        else { return nil }
        return path
    }

    private mutating func restoreFixed(
        _ saved: SavedSession,
        _ row: EngineConfiguration.Row,
        of state: SavedState,
        _ path: OuterPath,
        _ now: Timestamp
    ) -> Bool {
        let age = Self.age(of: state.writtenAt, now)
        guard age <= self.configuration.beatTimeout, saved.encapsulation != .ayiya,
            path.remote == row.fixedRemote,
            !row.isDisabled
        else { return false }
        return self.changeSession(of: saved.tid) { session in
            session.move(to: path)
            session.encapsulation = saved.encapsulation
            return true
        }
    }

    private mutating func restoreDynamic(
        _ saved: SavedSession,
        _ row: EngineConfiguration.Row,
        of state: SavedState,
        _ path: OuterPath,
        _ now: Timestamp
    ) -> Bool {
        guard let beats = saved.beats,
            let usesRetiredSecret = row.signedWithRetired(beats.seal, of: state, now)
        else { return false }
        let newest = NewestBeat(beats, isFinal: state.isFinal, now)
        let age = Self.age(of: beats.seenAt, now)
        let isAlive = saved.isUp && !row.isDisabled && age <= self.configuration.beatTimeout
        guard isAlive || newest.stands(at: now.monotonic) else { return false }
        let lastBeat = now.monotonic.subtractingClamped(age)
        self.changeSession(of: saved.tid, beatTime: lastBeat) { session in
            session.move(to: path)
            session.encapsulation = saved.encapsulation
            session.isAlive = isAlive
            session.usesRetiredSecret = usesRetiredSecret
            session.newestBeat = newest
            return true
        }
        self.forwarder.tunnels[saved.tid].lastBeat = lastBeat
        self.forwarder.tunnels[saved.tid].hasBeaten = true
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
