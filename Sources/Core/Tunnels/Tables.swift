internal import Wire

/// What the steps of a packet's way read and write.
///
/// One for each engine; nothing is allocated after it was made.
struct Tables: ~Copyable {
    var configuration: EngineConfiguration
    /// What decisions are made from.
    var forwarding: ForwardingTables
    var endpoints: EndpointIndex
    var errors = ErrorLog()
    let sessions: SharedSessions
    /// Knows what outer packets carry that only who sees them can know.
    let evidence: PathEvidence
    /// Finds the shares that senders have of what is limited.
    let limitHash: KeyedHash
    let index: EngineIndex
    /// How many changes of the shared sessions were taken over.
    var knownChanges: UInt64 = 0
    /// How many configurations were taken over.
    var epoch: UInt64 = 0
    /// Whether datagrams may leave unsigned, to be signed with others.
    var defersSignatures = false
    /// Numbers outer packets that are fragmented or may be.
    private var identification: UInt32
    var probes: Probes
    /// The outer headers of the datagram that was made last.
    var datagram = OuterDatagram.none
    /// What was done with the packets before.
    var flows = FlowCaches()
    /// The tunnels of which something changed that plain packets travel under, where somebody wants to know.
    var plainChanges = PlainChanges()
    var tracksPlainTunnels = false
    /// What came from and went to the uplink.
    var uplinkTraffic = TrafficCounters()
    /// What became of every packet that entered.
    var accounting = Accounting()

    init(seed: UInt64, sharing sessions: SharedSessions, as index: EngineIndex) {
        let nothing = EngineConfiguration(Configuration())
        self.sessions = sessions
        self.index = index
        self.configuration = nothing
        self.forwarding = ForwardingTables(nothing)
        self.evidence = PathEvidence(seed: seed)
        self.limitHash = KeyedHash(seed: seed, for: .limits)
        self.endpoints = EndpointIndex(seed: LatencyProber.scramble(seed &+ 2))
        self.identification =
            UInt32(truncatingIfNeeded: seed >> 32) &+ UInt32(truncatingIfNeeded: index.number)
        self.probes = Probes(seed: seed)
    }

    /// Writes a decision down if its tunnel is traced, or if everything is.
    @inline(__always)
    func note(_ decision: @autoclosure () -> Decision, about tid: TID?) {
        self.forwarding.note(decision(), about: tid)
    }

    // MARK: - Errors

    /// Counts a packet as dropped, and as an error of the tunnel or of the PoP itself where it is one.
    ///
    /// - Returns: That nothing is transmitted.
    mutating func drop(
        _ packet: borrowing PacketBuffer,
        _ reason: DropReason,
        tunnel: TID?,
        source: IPAddress,
        at now: Timestamp
    ) -> Output {
        self.forwarding.noteDrop(reason, packet.packet, about: tunnel)
        self.accounting.drop(reason)
        if let kind = reason.errorKind {
            self.recordError(kind, of: tunnel, packet.packet, source: source, at: now)
        }
        return Output()
    }

    /// Drops a packet that claims to be of a tunnel that is not there: what is wrong is its source.
    mutating func dropUnknownSender(
        _ packet: borrowing PacketBuffer,
        from remote: IPAddress,
        at now: Timestamp
    ) -> Output {
        self.recordUnknownSender(packet, from: remote, at: now)
        return self.drop(packet, .missingTunnel, tunnel: nil, source: remote, at: now)
    }

    /// Counts a packet that claims to be of a tunnel that is not there, as every source that is no tunnel's: an error of the
    /// tunnel it came from, when that is known.
    mutating func recordUnknownSender(
        _ packet: borrowing PacketBuffer,
        from remote: IPAddress,
        at now: Timestamp
    ) {
        let tid = self.tunnel(at: remote)
        self.recordError(.wrongSourceIPv6, of: tid, packet.packet, source: remote, at: now)
    }

    /// Counts an error of a tunnel, or of the PoP itself when it is no tunnel's or there is no such tunnel.
    mutating func recordError(
        _ kind: ErrorKind,
        of tid: TID?,
        _ packet: RawSpan,
        source: IPAddress,
        at now: Timestamp
    ) {
        let owner = tid.flatMap { self.forwarding.entries[$0].condition == .none ? nil : $0 }
        self.errors.record(kind, of: owner, packet: packet, source: source, at: now)
    }

    /// Counts a packet that was not sent: one that was forwarded was not, after all.
    mutating func recordSendError(
        _ packet: RawSpan,
        of tid: TID?,
        toward remote: IPAddress,
        _ origin: Output.Origin,
        at now: Timestamp
    ) {
        self.note(.dropped(.sendFailure), about: tid)
        self.recordError(.sendError, of: tid, packet, source: remote, at: now)
        guard origin == .forwarded else { return }
        self.accounting.forwarded &-= 1
        self.accounting.drop(.sendFailure)
    }

    // MARK: - Plain tunnels

    /// Takes note that a tunnel's plain packets may travel under something else.
    mutating func notePlainChange(of tid: TID) {
        if self.tracksPlainTunnels { self.plainChanges.note(tid) }
    }

    // MARK: - Ends of tunnels

    /// A tunnel whose remote end has an address.
    func tunnel(at remote: IPAddress) -> TID? {
        self.endpoints.tunnel(at: remote).flatMap { self.isAt(remote, $0) ? $0 : nil }
    }

    /// Whether a tunnel's remote end has an address.
    func isAt(_ remote: IPAddress, _ tid: TID) -> Bool {
        self.forwarding.tunnels[tid].session.path?.remote == remote
    }

    // MARK: - What is given out

    /// Has a tunnel's marks be those of the time.
    @inline(__always)
    func refreshMarks(of tid: TID, _ now: Timestamp) {
        let slot = PathEvidence.slot(at: now)
        guard self.forwarding.tunnels[tid].marks.slot != slot else { return }
        self.renewMarks(of: tid, in: slot)
    }

    private func renewMarks(of tid: TID, in slot: PathEvidence.Slot) {
        self.forwarding.tunnels[tid].marks = self.evidence.marks(of: tid, in: slot)
    }

    /// A number that no other outer packet has for long.
    mutating func nextIdentification() -> UInt32 {
        // Those of the other engines lie in between.
        self.identification &+= UInt32(truncatingIfNeeded: self.index.count)
        return self.identification
    }

    /// Takes a token for a message to somebody, if there is one.
    func mayTell(_ remote: IPAddress, _ kind: ICMPKind, about tid: TID?, _ now: Timestamp) -> Bool {
        let places = ICMPLimits.Places(of: remote, by: self.limitHash)
        return self.sessions.takeToken(
            for: kind,
            about: tid,
            to: places,
            self.configuration.icmpRate,
            at: now.monotonic
        )
    }
}
