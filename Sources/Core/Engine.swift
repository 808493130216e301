public import Wire

/// The PoP as a machine without input or output: packets and a time in, what to do with the packets out.
///
/// One thread owns it. Nothing is allocated after it was made, save while a heartbeat is read, and by what reads
/// samples and reports.
public struct Engine: ~Copyable {
    var configuration: EngineConfiguration
    let tunnels = SlotTable(repeating: Tunnel())
    var errors = ErrorLog()
    /// Limits the ICMP errors of the whole PoP.
    var errorLimit = TokenBucket()
    /// Numbers outer IPv4 packets that may be fragmented.
    var identification: UInt16
    var prober: LatencyProber

    /// What came from and went to the uplink.
    public internal(set) var uplinkTraffic = TrafficCounters()

    /// What became of every packet that entered.
    public internal(set) var accounting = Accounting()

    /// Creates an engine.
    ///
    /// - Parameters:
    ///   - configuration: What to start with.
    ///   - seed: An unpredictable number, from which what must not be guessed is drawn.
    ///   - now: The time.
    public init(_ configuration: EngineConfiguration, seed: UInt64, at now: Moment) {
        self.configuration = EngineConfiguration(Configuration())
        self.identification = UInt16(truncatingIfNeeded: seed >> 48)
        self.prober = LatencyProber(seed: seed)
        _ = self.apply(configuration, at: now)
    }

    /// The address plan in force.
    public var plan: AddressPlan { self.configuration.plan }

    /// Counts a packet as dropped, and as an error of the tunnel or of the PoP itself where it is one.
    mutating func drop(
        _ packet: borrowing PacketBuffer,
        _ reason: DropReason,
        tunnel: TID?,
        source: IPAddress,
        at now: Moment
    ) -> Output {
        self.accounting.drop(reason)
        if let kind = reason.errorKind {
            self.errors.record(kind, of: tunnel, packet: packet.packet, source: source, at: now)
        }
        return Output()
    }
}

/// What to transmit after the engine saw a packet.
public struct Output: Hashable, Sendable {
    /// Where a packet goes.
    public enum Transmission: Hashable, Sendable {
        /// Nowhere.
        case none
        /// To the kernel through the TUN device.
        case uplink
        /// To this address as a whole outer packet, its IP header included.
        case outside(IPAddress, tunnel: TID)
    }

    /// Where the packet buffer goes as it now is.
    public var packet = Transmission.none

    /// Where the echo buffer goes.
    public var echo = Transmission.none
}
