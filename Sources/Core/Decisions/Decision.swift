public import Wire

/// One step of what the engine decided about a packet, as it happened.
///
/// Written down by the very code that decides, and only for tunnels that are traced.
public enum Decision: Hashable, Sendable {
    /// The packet came from the native side.
    case enteredFromUplink(octets: Int)
    /// The packet came from the underlay, its outer header in order.
    case enteredFromUnderlay(OuterPayload, OuterPath, octets: Int)
    /// Which tunnel the inner source says the packet comes from; nil when no tunnel may send from it.
    case claimed(TID?)
    /// A signature was right: that of the present password or of the retired one.
    case signed(isByRetiredPassword: Bool)
    /// A beat was accepted; the tunnel's end is there.
    case beaten(OuterPath)
    /// The packet came in another way than those before it, and the tunnel's own go back that way from now on.
    case followed(Encapsulation, OuterPath)
    /// The inner packet, whose header is in order.
    case inner(source: IPv6Address, destination: IPv6Address, nextHeader: UInt8, hopLimit: UInt8, octets: Int)
    /// Whom the inner source belongs to.
    case source(AddressOwner)
    /// Whom the inner destination belongs to.
    case destination(AddressOwner)
    /// The packet was measured against the tunnel that it goes into, in octets.
    case measured(octets: Int, mtu: Int)
    /// What must be done with it.
    case verdict(Verdict)
    /// An error could not be sent to the packet's source.
    case withheld(ErrorObstacle)
    /// An ICMPv6 error took the packet's place.
    case refused(ICMPv6Error, source: IPv6Address)
    /// The packet was answered.
    case answered
    /// The packet was for us and asks for no answer.
    case consumed
    /// The outer headers were put in front.
    case encapsulated(Encapsulation, OuterPath, octets: Int)
    /// The outer packet was cut in two, for a path that takes this many octets.
    case fragmented(limit: Int)
    /// The packet went to the kernel, which routes it on.
    case sentToUplink(octets: Int)
    /// The packet was discarded.
    case dropped(DropReason)
}

/// What speaks against sending an ICMPv6 error (RFC 4443 §2.4(e) and (f)).
public enum ErrorObstacle: Hashable, Sendable {
    /// The source names no single node, or is the error's own source.
    case source
    /// The packet is an error or redirect itself, or went to a group.
    case packet
    /// Too many errors were sent of late.
    case rate
}

/// A decision, and what it was about.
public struct DecisionLogEntry: Hashable, Sendable {
    /// Counts packets while any tunnel is traced: entries of one packet have the same number.
    public internal(set) var packet: UInt64
    /// When the packet came.
    public let timestamp: Timestamp
    /// The tunnel that it concerns; nil when none does.
    public let tid: TID?
    /// What was decided.
    public let decision: Decision
}

extension Decision {
    static func inner(_ packet: borrowing IPv6Packet) -> Decision {
        .inner(
            source: packet.source,
            destination: packet.destination,
            nextHeader: packet.nextHeader,
            hopLimit: packet.hopLimit,
            octets: packet.totalLength
        )
    }
}

extension Verdict {
    /// The tunnel that the verdict concerns; nil when none does.
    var tunnel: TID? {
        switch self {
        case .encapsulate(let tid): tid
        case .deliver(let tid), .reply(_, let tid): tid
        case .transmitToUplink, .drop: nil
        }
    }
}
