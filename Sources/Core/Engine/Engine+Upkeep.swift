public import Wire

// What is done between packets.
extension Engine {
    /// TTL and hop limit of outer packets.
    public static var outerHopLimit: UInt8 { OuterHeaders.hopLimit }

    /// Which of the PoP's engines it is.
    public var index: EngineIndex { self.tables.index }

    /// Whether datagrams leave the engine unsigned where ``Output/awaitsSignature`` says so, to be signed together
    /// before they are sent.
    public var defersSignatures: Bool {
        get { self.tables.defersSignatures }
        set { self.tables.defersSignatures = newValue }
    }

    /// The outer headers of the packet that the last ``Output`` was about, where that says that it is a datagram.
    public var datagram: OuterDatagram { self.tables.datagram }

    /// The address plan in force.
    public var plan: AddressPlan { self.tables.forwarding.plan }

    /// Takes over a configuration, at one instant between two packets.
    ///
    /// Endpoint, state, counters and latency of every tunnel that stays are kept; a changed password, type or
    /// address ends the session; a tunnel with another number is another tunnel. The first of a PoP's engines must have taken
    /// it over before the others do.
    ///
    /// - Returns: What was in force before, so that freeing it is not on the data path.
    public mutating func apply(_ new: EngineConfiguration, at now: Timestamp) -> EngineConfiguration {
        Reconfiguration.apply(new, to: &self.tables)
    }

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
        Restoration.restore(state, in: &self.tables, at: now)
    }

    /// Takes dynamic tunnels down whose beats have stopped, and forgets path MTUs that are old; to be called every
    /// second on the first of a PoP's engines.
    ///
    /// - Returns: How many tunnels went down.
    public mutating func expireTunnels(at now: Timestamp) -> Int { Expiry.expire(&self.tables, at: now) }

    /// Makes the next latency probe that is due.
    ///
    /// To be called every second until it returns nothing; each probe is transmitted before the next is made.
    ///
    /// - Parameters:
    ///   - buffer: Takes the probe.
    ///   - spare: Takes its second fragment.
    ///   - now: The time.
    /// - Returns: Where the probe goes, or nil when none is due.
    public mutating func nextProbe(
        in buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        at now: Timestamp
    ) -> Output? {
        self.tables.catchUp()
        switch Probing.next(in: &buffer, &self.tables, now) {
        case nil: return nil
        case .tunnel(let tid):
            return Departure.encapsulate(&buffer, spare: &spare, into: tid, .own, &self.tables, now)
        case .pop(let remote): return Output(packet: .underlay(remote, tunnel: nil, .own))
        }
    }

    /// Counts a packet that the kernel would not send.
    ///
    /// - Parameters:
    ///   - packet: The packet, outer headers included.
    ///   - tid: The tunnel it was for; nil for the uplink.
    ///   - remote: Where it was to go.
    ///   - origin: Whose packet it was: one that was forwarded was not, after all.
    ///   - now: The time.
    public mutating func noteSendError(
        _ packet: RawSpan,
        tunnel tid: TID?,
        toward remote: IPAddress,
        _ origin: Output.Origin,
        at now: Timestamp
    ) {
        self.tables.recordSendError(packet, of: tid, toward: remote, origin, at: now)
    }

    /// Takes over what the kernel says of the path to a tunnel's end after it refused a packet as too large.
    ///
    /// - Parameters:
    ///   - mtu: Size of the largest outer packet, in octets.
    ///   - tid: The tunnel.
    ///   - now: The time.
    public mutating func noteLinkMTU(_ mtu: Int, of tid: TID, at now: Timestamp) {
        guard mtu >= PathMTU.ipv4Minimum else { return }
        let learnt = PathMTU(octets: UInt16(clamping: mtu), learntAt: now.monotonic)
        self.tables.lowerPathMTU(of: tid, to: learnt)
    }

    // MARK: - Signatures of many datagrams at once, which take much less than one after the other

    /// Adds an outer packet that awaits its signature (``Output/awaitsSignature``) to others.
    ///
    /// - Parameters:
    ///   - packet: The packet, in memory that may be written; must stay as it is until they are signed.
    ///   - tid: Its tunnel.
    ///   - signatures: Those of the others; must not be full.
    /// - Returns: Whether it was added; false when nothing can be signed for the tunnel.
    @unsafe
    public mutating func add(
        _ packet: UnsafeRawBufferPointer,
        of tid: TID,
        to signatures: inout DatagramSignatures
    ) -> Bool {
        unsafe Departure.addUnsigned(packet, of: tid, to: &signatures, self.tables.forwarding)
    }

    /// Adds a datagram that arrived to others, so that what it must be signed with is worked out together with theirs.
    ///
    /// - Parameters:
    ///   - datagram: The payload of a signed datagram, which must stay as it is until the signatures were computed.
    ///   - signatures: Those of the others; must not be full.
    /// - Returns: Whether it was added; false when it names no tunnel with a secret.
    @unsafe
    public mutating func addExpected(
        _ datagram: UnsafeRawBufferPointer,
        to signatures: inout DatagramSignatures
    ) -> Bool {
        unsafe SignedArrivals.addExpected(datagram, to: &signatures, self.tables.forwarding)
    }
}
