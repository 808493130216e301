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
    public let place: EnginePlace
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
    var uplinkPrecedent = UplinkPrecedent()
    var outsidePrecedent = OutsidePrecedent()

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
    ///   - place: Which of them it is; the first is made before all others.
    ///   - now: The time.
    public init(
        _ configuration: EngineConfiguration,
        seed: UInt64,
        sharing sessions: SharedSessions = SharedSessions(),
        as place: EnginePlace = .only,
        at now: Moment
    ) {
        self.sessions = sessions
        self.place = place
        let nothing = EngineConfiguration(Configuration())
        self.configuration = nothing
        self.forwarder = Forwarder(nothing)
        self.evidence = PathEvidence(seed: seed)
        self.limitHash = KeyedHash(seed: seed, for: .limits)
        self.endpoints = EndpointIndex(seed: LatencyProber.scramble(seed &+ 2))
        self.identification =
            UInt32(truncatingIfNeeded: seed >> 32) &+ UInt32(truncatingIfNeeded: place.index)
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
    mutating func forgetPrecedents() {
        self.uplinkPrecedent.forget()
        self.outsidePrecedent.forget()
    }

    /// Counts a packet as dropped, and as an error of the tunnel or of the PoP itself where it is one.
    mutating func drop(
        _ packet: borrowing PacketBuffer,
        _ reason: DropReason,
        tunnel: TID?,
        source: IPAddress,
        at now: Moment
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
        at now: Moment
    ) -> Output {
        self.recordUnknownSender(packet, from: remote, at: now)
        return self.drop(packet, .missingTunnel, tunnel: nil, source: remote, at: now)
    }

    /// Counts a packet that claims to be of a tunnel that is not there, as every source that is no tunnel's: an error of the
    /// tunnel it came from, when that is known.
    mutating func recordUnknownSender(
        _ packet: borrowing PacketBuffer,
        from remote: IPAddress,
        at now: Moment
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
        at now: Moment
    ) {
        let owner = tid.flatMap { self.forwarder.gates[$0].condition == .none ? nil : $0 }
        self.errors.record(kind, of: owner, packet: packet, source: source, at: now)
    }
}

/// Which of a PoP's engines one is.
///
/// All of them forward; what is done once for the PoP, the first does: it probes, takes tunnels down, and says what becomes
/// of a session when the configuration changes.
public struct EnginePlace: Hashable, Sendable {
    /// The place of an engine that is alone.
    public static let only = EnginePlace(index: 0, of: 1)

    /// From 0 on.
    public let index: Int
    /// How many engines there are.
    public let count: Int

    /// Creates a place.
    public init(index: Int, of count: Int) {
        self.index = index
        self.count = count
    }

    /// Whether it does what is done once.
    public var isFirst: Bool { self.index == 0 }
}

/// What to transmit after the engine saw a packet.
public struct Output: Hashable, Sendable {
    /// Whose packet is transmitted.
    public enum Origin: Hashable, Sendable {
        /// One that came in and goes on.
        case forwarded
        /// One that the engine made.
        case own
    }

    /// Where a packet goes.
    public enum Transmission: Hashable, Sendable {
        /// Nowhere.
        case none
        /// To the kernel through the TUN device.
        case uplink(Origin)
        /// To this address as a whole outer packet, its IP header included.
        case outside(IPAddress, tunnel: TID?, Origin)
    }

    /// Where the packet buffer goes as it now is.
    public var packet = Transmission.none

    /// Where the spare buffer goes: an echo response beside the packet, or the packet's second fragment.
    public var spare = Transmission.none

    /// Whether the packet must be signed before it is sent.
    public var awaitsSignature = false

    /// Creates an output; by default nothing is transmitted.
    public init(packet: Transmission = .none, spare: Transmission = .none) {
        self.packet = packet
        self.spare = spare
    }
}
