public import Wire

/// What the packets of a tunnel travel under as long as nothing about them is special: 6in4 over IPv4.
///
/// Whoever has this may forward a tunnel's packets without an engine, octet for octet as the engine would. All that is
/// answered, refused, cut into fragments or followed stays the engine's.
public struct PlainTunnel: Hashable, Sendable {
    /// Our outer address.
    public var local: IPv4Address
    /// The user's outer address.
    public var remote: IPv4Address
    /// Size of the largest inner packet that needs neither an answer nor a fragment, in octets.
    public var mtu: UInt16
    /// The identification of outer packets while the parts of time have even numbers.
    public var evenIdentification: UInt16
    /// The same of odd numbers.
    public var oddIdentification: UInt16

    /// Creates what a test or a trial needs.
    public init(local: IPv4Address, remote: IPv4Address, mtu: UInt16, identification: UInt16) {
        self.local = local
        self.remote = remote
        self.mtu = mtu
        self.evenIdentification = identification
        self.oddIdentification = identification
    }

    /// The identification is another one in each part of the time, which is so many bits of the monotonic clock's nanoseconds long.
    public static var slotShift: UInt64 { PathEvidence.slotShift }

    /// Looks whether a tunnel is plain; nil when any of its packets must be decided on.
    ///
    /// - Parameters:
    ///   - tid: The tunnel.
    ///   - forwarding: What decisions about it are made from.
    ///   - evidence: Knows what its packets carry.
    ///   - now: The time: the answer is good for this part of it and the next.
    init?(
        _ tid: TID,
        _ forwarding: borrowing ForwardingTables,
        _ evidence: PathEvidence,
        at now: Timestamp
    ) {
        let entry = forwarding.entries[tid]
        let session = forwarding.tunnels[tid].session
        guard entry.condition == .up, !entry.isTraced, forwarding.pathMTU == .dynamic,
            session.encapsulation == .sixInFour, let path = session.path,
            case (.ipv4(let local), .ipv4(let remote)) = (path.local, path.remote),
            OuterHeader(path: path, trafficClass: 0).isBetweenHosts
        else { return nil }
        var mtu = entry.effectiveMTU
        if let pathMTU = session.pathMTU {
            // Where the path takes less than 1280 octets inside, what is larger than it takes is cut.
            guard !pathMTU.isNarrower, pathMTU.octets > IPv4Packet.minimumHeaderLength else { return nil }
            mtu = min(mtu, pathMTU.octets - UInt16(IPv4Packet.minimumHeaderLength))
        }
        let slot = PathEvidence.slot(at: now)
        let identifications = (
            evidence.identification(of: tid, in: slot), evidence.identification(of: tid, in: slot &+ 1)
        )
        let isEven = slot & 1 == 0
        self.local = local
        self.remote = remote
        self.mtu = mtu
        self.evenIdentification = isEven ? identifications.0 : identifications.1
        self.oddIdentification = isEven ? identifications.1 : identifications.0
    }
}
