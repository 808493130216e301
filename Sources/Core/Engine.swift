public import Wire

/// The PoP as a machine without input or output: packets and a time in, what to do with the packets out.
///
/// One thread owns it; several may have one each, which share their sessions, and then it does not matter which of them a
/// packet is given to. Nothing is allocated after it was made, save while a heartbeat is read, and by what reads
/// samples and reports.
public struct Engine: ~Copyable {
    var configuration: EngineConfiguration
    var forwarder: Forwarder
    var endpoints: EndpointIndex
    var errors = ErrorLog()
    let sessions: SharedSessions
    /// Knows what outer packets carry that only who sees them can know.
    let evidence: PathEvidence
    /// Finds the shares that senders have of what is limited.
    let limitHash: KeyedHash
    /// Which of the PoP's engines it is.
    public let index: EngineIndex
    /// How many changes of the shared sessions it took over.
    var knownChanges: UInt64 = 0
    /// How many configurations it took over.
    var epoch: UInt64 = 0
    /// Whether AYIYA datagrams leave the engine unsigned where ``Output/awaitsSignature`` says so, to be signed together
    /// before they are sent.
    public var defersSignatures = false
    /// Numbers outer packets that are fragmented or may be.
    var identification: UInt32
    var prober: LatencyProber
    var popLatencies: [PoPLatency] = []
    var uplinkCache = UplinkFlowCache()
    var underlayCache = UnderlayFlowCache()

    /// What came from and went to the uplink.
    public internal(set) var uplinkTraffic = TrafficCounters()

    /// What became of every packet that entered.
    public internal(set) var accounting = Accounting()

    /// Creates an engine.
    ///
    /// - Parameters:
    ///   - configuration: What to start with.
    ///   - seed: An unpredictable number, from which what must not be guessed is drawn; the same for all engines of a PoP.
    ///   - sessions: What it has in common with the PoP's other engines.
    ///   - index: Which of them it is; the first is made before all others.
    ///   - now: The time.
    public init(
        _ configuration: EngineConfiguration,
        seed: UInt64,
        sharing sessions: SharedSessions = SharedSessions(),
        as index: EngineIndex = .only,
        at now: Timestamp
    ) {
        self.sessions = sessions
        self.index = index
        let nothing = EngineConfiguration(Configuration())
        self.configuration = nothing
        self.forwarder = Forwarder(nothing)
        self.evidence = PathEvidence(seed: seed)
        self.limitHash = KeyedHash(seed: seed, for: .limits)
        self.endpoints = EndpointIndex(seed: LatencyProber.scramble(seed &+ 2))
        self.identification =
            UInt32(truncatingIfNeeded: seed >> 32) &+ UInt32(truncatingIfNeeded: index.number)
        self.prober = LatencyProber(seed: seed)
        _ = self.apply(configuration, at: now)
    }

    /// The address plan in force.
    public var plan: AddressPlan { self.forwarder.plan }

    /// Decides the fate of a packet; pure: the same engine, packet and ingress always give the same verdict.
    public func verdict(for packet: borrowing IPv6Packet, from ingress: Ingress) -> Verdict {
        self.forwarder.verdict(for: packet, from: ingress)
    }

    /// Has the next packets be decided on, whatever was decided on those before.
    mutating func forgetFlows() {
        self.uplinkCache.forget()
        self.underlayCache.forget()
    }

    /// Counts a packet as dropped, and as an error of the tunnel or of the PoP itself where it is one.
    mutating func drop(
        _ packet: borrowing PacketBuffer,
        _ reason: DropReason,
        tunnel: TID?,
        source: IPAddress,
        at now: Timestamp
    ) -> Output {
        self.note(.dropped(reason), about: tunnel)
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
        let owner = tid.flatMap { self.forwarder.entries[$0].condition == .none ? nil : $0 }
        self.errors.record(kind, of: owner, packet: packet, source: source, at: now)
    }
}
