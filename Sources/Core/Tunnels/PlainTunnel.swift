public import Wire

/// What the packets of a tunnel travel under as long as nothing about them is special: 6in4 or GRE.
///
/// Whoever has this may forward a tunnel's packets without an engine, octet for octet as the engine would. All that is
/// answered, refused, cut into fragments or followed stays the engine's.
///
/// A tunnel may be plain another time: then it says what keeps it from being so now.
public struct PlainTunnel: Hashable, Sendable {
    /// What of a tunnel is special: each of its packets must be decided on.
    public enum Obstacle: Error, Hashable, Sendable, CaseIterable {
        /// There is no such tunnel.
        case missing
        /// The user's end is not known, or the tunnel is disabled.
        case down
        /// Every datagram is signed (AYIYA).
        case signed
        /// An end is no host's address.
        case endIsNoHost
        /// The user's end is an address of this PoP's own prefixes.
        case endInsideTunnel
        /// Decisions about it are written down.
        case traced
        /// Outer packets may be fragmented on their way (`path-mtu static`).
        case staticPathMTU
        /// The path takes less than IPv6 asks of one: larger packets are cut.
        case narrowPath
    }

    /// Our outer address.
    public var local: IPAddress
    /// The user's outer address, of the same version.
    public var remote: IPAddress
    /// How its packets travel: 6in4 or GRE.
    public var encapsulation = Encapsulation.sixInFour
    /// Size of the largest inner packet that needs neither an answer nor a fragment, in octets.
    public var mtu: UInt16
    /// The identification of outer packets while the parts of time have even numbers.
    public var evenIdentification: UInt16
    /// The same of odd numbers.
    public var oddIdentification: UInt16
    /// The flow label of outer packets of IPv6, which have no identification.
    public var flowLabel: UInt32 = 0
    /// What keeps it from being plain; nil for nothing.
    public var obstacle: Obstacle?

    /// Creates what a test or a trial needs.
    public init(local: IPv4Address, remote: IPv4Address, mtu: UInt16, identification: UInt16) {
        self.local = .ipv4(local)
        self.remote = .ipv4(remote)
        self.mtu = mtu
        self.evenIdentification = identification
        self.oddIdentification = identification
    }

    /// Octets in front of an inner packet.
    public var overhead: UInt16 { UInt16(self.encapsulation.overhead(toward: self.remote)) }

    /// The identification is another one in each part of the time, which is so many bits of the monotonic clock's nanoseconds long.
    public static var slotShift: UInt64 { PathEvidence.slotShift }

    /// Looks whether a tunnel is plain.
    ///
    /// - Parameters:
    ///   - tid: The tunnel.
    ///   - forwarding: What decisions about it are made from.
    ///   - evidence: Knows what its packets carry.
    ///   - now: The time: the answer is good for this part of it and the next.
    /// - Throws: What keeps it from being plain as long as it is as it is.
    init(
        _ tid: TID,
        _ forwarding: borrowing ForwardingTables,
        _ evidence: PathEvidence,
        at now: Timestamp
    ) throws(Obstacle) {
        let entry = forwarding.entries[tid]
        let session = forwarding.tunnels[tid].session
        guard entry.condition != .none else { throw .missing }
        guard !session.encapsulation.isSigned else { throw .signed }
        guard let path = session.path else { throw .down }
        guard OuterHeader(path: path, trafficClass: 0).isBetweenHosts else { throw .endIsNoHost }
        guard forwarding.isExternal(path.remote) else { throw .endInsideTunnel }
        self.encapsulation = session.encapsulation
        let front = UInt16(session.encapsulation.overhead(toward: path.remote))
        self.obstacle = Self.obstacle(entry, session, forwarding.pathMTU, front)
        let pathMTU = session.pathMTU?.octets ?? .max
        let slot = PathEvidence.slot(at: now)
        let identifications = (
            evidence.identification(of: tid, in: slot), evidence.identification(of: tid, in: slot &+ 1)
        )
        let isEven = slot & 1 == 0
        self.local = path.local
        self.remote = path.remote
        self.flowLabel = evidence.flowLabel(of: tid)
        self.mtu = min(entry.effectiveMTU, max(pathMTU, front) - front)
        self.evenIdentification = isEven ? identifications.0 : identifications.1
        self.oddIdentification = isEven ? identifications.1 : identifications.0
    }

    /// What keeps a tunnel from being plain; nil for nothing.
    static func obstacle(
        of tid: TID,
        _ forwarding: borrowing ForwardingTables,
        _ evidence: PathEvidence,
        at now: Timestamp
    ) -> Obstacle? {
        do throws(Obstacle) { return try Self(tid, forwarding, evidence, at: now).obstacle } catch {
            return error
        }
    }

    private static func obstacle(
        _ entry: ForwardingEntry,
        _ session: Session,
        _ pathMTU: PathMTUMode,
        _ front: UInt16
    ) -> Obstacle? {
        if entry.condition != .up { return .down }
        if entry.isTraced { return .traced }
        if pathMTU != .dynamic { return .staticPathMTU }
        // Where the path takes less than 1280 octets inside, what is larger than it takes is cut.
        guard let learnt = session.pathMTU else { return nil }
        return learnt.isNarrower || learnt.octets <= front ? .narrowPath : nil
    }
}

extension PlainTunnel.Obstacle: CustomStringConvertible {
    /// For operators: what follows "no, ".
    public var description: String {
        switch self {
        case .missing: "there is no such tunnel"
        case .down: "the tunnel is not up"
        case .signed: "AYIYA signs every datagram"
        case .endIsNoHost: "an outer address is no host's"
        case .endInsideTunnel: "the user's end is inside a tunnel"
        case .traced: "it is traced"
        case .staticPathMTU: "path-mtu is static"
        case .narrowPath: "its path takes less than IPv6 needs"
        }
    }
}
