internal import Wire

extension Engine {
    /// Takes dynamic tunnels down whose beats have stopped, and forgets path MTUs that are old; to be called every
    /// second.
    ///
    /// - Returns: How many tunnels went down.
    public mutating func expireTunnels(at now: Moment) -> Int {
        var expired = 0
        for number in 0..<UInt16(TID.capacity) {
            guard let tid = TID(rawValue: number), self.forwarder.gates[tid].condition == .up else {
                continue
            }
            if let learnt = self.forwarder.tunnels[tid].pathMTU,
                now.nanoseconds(since: learnt.learntAt) > PathMTU.lifetime
            {
                self.forwarder.tunnels[tid].pathMTU = nil
                self.forwarder.refreshMTU(of: tid)
            }
            guard self.forwarder.tunnels[tid].isDynamic,
                now.nanoseconds(since: self.forwarder.tunnels[tid].lastBeat) > self.configuration.beatTimeout
            else { continue }
            self.forwarder.gates[tid].condition = .down
            expired += 1
        }
        return expired
    }

    /// Brings a dynamic tunnel up, or keeps it up, after a beat or an AYIYA packet was found right.
    ///
    /// - Parameters:
    ///   - tid: The tunnel.
    ///   - path: Where the packet came from and went to.
    ///   - time: The time that it carries, in seconds since 1970.
    ///   - encapsulation: How packets travel from now on.
    ///   - now: The time.
    /// - Returns: Whether it was accepted; a replay from elsewhere is not.
    mutating func acceptBeat(
        _ tid: TID,
        path: OuterPath,
        time: Int64,
        encapsulation: Encapsulation,
        at now: Moment
    ) -> Bool {
        let isFromPresentEndpoint = self.forwarder.tunnels[tid].path == path
        if let newest = self.forwarder.tunnels[tid].newestBeat, time <= newest {
            guard isFromPresentEndpoint, self.forwarder.tunnels[tid].encapsulation == encapsulation else {
                return false
            }
        } else {
            self.forwarder.tunnels[tid].newestBeat = time
        }
        self.note(.beaten(path), about: tid)
        if !isFromPresentEndpoint || self.forwarder.tunnels[tid].encapsulation != encapsulation {
            self.forwarder.tunnels[tid].encapsulation = encapsulation
            self.move(tid, to: path)
        }
        self.forwarder.tunnels[tid].lastBeat = now.monotonic
        self.forwarder.tunnels[tid].hasBeaten = true
        self.forwarder.gates[tid].condition = .up
        return true
    }
}
