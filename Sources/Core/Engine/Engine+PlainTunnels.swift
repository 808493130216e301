public import Wire

// What is told to whoever forwards plain packets without an engine, and what that says in return.
extension Engine {
    /// Whether the engine keeps in mind of which tunnels it changed something (``plainChanges``).
    public var tracksPlainTunnels: Bool {
        get { self.tables.tracksPlainTunnels }
        set { self.tables.tracksPlainTunnels = newValue }
    }

    /// Whether there is something in ``plainChanges``; one comparison.
    public var hasPlainChanges: Bool { self.tables.tracksPlainTunnels && !self.tables.plainChanges.isEmpty }

    /// The tunnels of which something changed since it was emptied.
    public var plainChanges: PlainChanges {
        get { self.tables.plainChanges }
        set { self.tables.plainChanges = newValue }
    }

    /// How many configurations the engine took over; engines that took over as many have the same.
    public var configurationCount: UInt64 { self.tables.epoch }
}

extension PlainTunnel {
    /// What the packets of a tunnel travel under as an engine has it, or what keeps it from being plain.
    ///
    /// - Parameters:
    ///   - tid: The tunnel.
    ///   - engine: Takes over what other engines changed.
    ///   - now: The time: the answer is good for this part of it and the next.
    /// - Throws: What keeps the tunnel from being plain where it has no ends that it could be plain between.
    public init(of tid: TID, _ engine: inout Engine, at now: Timestamp) throws(Obstacle) {
        engine.tables.catchUp()
        try self.init(tid, engine.tables.forwarding, engine.tables.evidence, at: now)
    }
}

extension TrafficCounters {
    /// Has an engine count what was forwarded of a tunnel without it, as if it had come by here.
    ///
    /// What became of packets (``Engine/accounting``) is not changed: they came in nowhere.
    public func count(for tid: TID, in engine: inout Engine) {
        engine.tables.forwarding.tunnels[tid].traffic.add(self)
        var uplink = TrafficCounters()
        uplink.ingress = self.egress
        uplink.egress = self.ingress
        engine.tables.uplinkTraffic.add(uplink)
    }
}
