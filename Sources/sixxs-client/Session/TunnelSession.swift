import Wire

/// What the user's end of a tunnel decides, without doing any of it: bytes and a time in, what to do out.
struct TunnelSession: Sendable {
    /// Something to send that no packet asked for.
    enum Transmission: Hashable, Sendable {
        /// Tells the PoP where this end is; goes to its beat port.
        case beat([UInt8])
        /// An encapsulated echo request to the PoP's end of the tunnel.
        case probe([UInt8])
    }

    /// What to do with a packet that came from the PoP; ranges are of the buffer it came in.
    enum Outcome: Hashable, Sendable {
        /// Give the inner packet to the host.
        case deliver(Range<Int>)
        /// Send the payload back with ``encodeEchoResponse(in:payload:nextHeader:at:)``, and give the inner packet
        /// to the host first if there is one.
        case echo(payload: Range<Int>, nextHeader: UInt8, deliver: Range<Int>?)
        /// Nothing: it was for the session itself. It may have changed ``takeChange()``.
        case consume
        /// Nothing; it is counted.
        case drop(DiscardReason)
    }

    /// Inner packets, counted.
    struct Traffic: Hashable, Sendable, Codable {
        var packets: UInt64 = 0
        var octets: UInt64 = 0

        mutating func count(_ length: Int) {
            self.packets &+= 1
            self.octets &+= UInt64(length)
        }
    }

    /// How long the PoP gets to take in a beat before a probe follows it.
    static let probeDelay: Duration = .milliseconds(250)

    /// How often a tunnel that doesn't answer is probed, at least.
    static let searchInterval: Duration = .seconds(10)

    /// What the session was told.
    let settings: SessionSettings

    /// Packets that went no further.
    var drops = DropCounters()

    /// What the host gave the tunnel, and what the tunnel gave the host.
    var sent = Traffic(), received = Traffic()

    /// Signed datagrams since the last answer whose password was another one.
    var recentWrongSignatures = 0

    /// Seconds that the PoP's clock was ahead in its last datagram with a right signature, or nil.
    var clockDifference: Int64?

    var beats: BeatSchedule
    var probe: EchoProbe
    var liveness: Liveness
    var nextProbe: Duration?
    var change: Liveness.Change?

    /// Starts a session; the first beat is due at once.
    ///
    /// - Parameters:
    ///   - settings: What doesn't change.
    ///   - now: The time.
    ///   - identifier: Of the echo requests.
    ///   - magic: In the echo requests.
    init(
        _ settings: SessionSettings,
        at now: ClientTime,
        identifier: UInt16 = .random(in: 1...UInt16.max),
        magic: UInt64 = .random(in: 0...UInt64.max)
    ) {
        self.settings = settings
        self.beats = BeatSchedule(interval: settings.beatInterval, start: now.monotonic)
        self.liveness = Liveness(beatInterval: settings.beatInterval, start: now.monotonic)
        self.probe = EchoProbe(
            from: settings.identity,
            to: settings.popIdentity,
            identifier: identifier,
            magic: magic
        )
    }

    /// When ``transmissions(at:)`` should be asked next.
    var deadline: Duration {
        let next = min(self.beats.next, self.nextProbe ?? self.beats.next)
        return min(next, self.liveness.deadline ?? next)
    }

    /// Beats again at once, since the outer endpoint changed.
    mutating func restart(at now: ClientTime) {
        self.beats.restart(at: now.monotonic)
    }

    /// Whether ``transmissions(at:)`` would send a beat.
    func isBeatDue(at now: ClientTime) -> Bool {
        now.monotonic >= self.beats.next
    }

    /// What is due, and notes a silence that has become too long.
    mutating func transmissions(at now: ClientTime) -> [Transmission] {
        var due: [Transmission] = []
        if self.beats.takeBeat(at: now.monotonic) {
            if let beat = self.beat(at: now) { due.append(.beat(beat)) }
            self.nextProbe = now.monotonic + Self.probeDelay
        }
        if let time = self.nextProbe, now.monotonic >= time {
            due.append(.probe(self.encodeProbe(at: now)))
            self.nextProbe = nil
        }
        self.note(self.liveness.check(at: now.monotonic))
        if !self.liveness.isAnswering, self.nextProbe == nil {
            self.nextProbe = now.monotonic + min(Self.searchInterval, self.settings.beatInterval)
        }
        return due
    }

    /// The last change of the tunnel's state that was not taken yet.
    mutating func takeChange() -> Liveness.Change? {
        let change = self.change
        self.change = nil
        return change
    }

    /// Remembers a change for ``takeChange()``.
    mutating func note(_ change: Liveness.Change?) {
        if let change { self.change = change }
    }

    /// Counts a packet that goes no further.
    mutating func drop(_ reason: DiscardReason) -> Outcome {
        self.drops[reason] += 1
        if reason == .wrongSignature { self.recentWrongSignatures += 1 }
        return .drop(reason)
    }
}
