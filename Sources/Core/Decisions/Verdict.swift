public import Wire

/// Where a packet entered the engine.
public enum Ingress: Hashable, Sendable {
    /// The native IPv6 side.
    case uplink
    /// A tunnel, whose outer header was found in order.
    case tunnel(TID)
}

/// What must be done with a packet.
public enum Verdict: Hashable, Sendable {
    /// Encapsulate and send to the endpoint of this tunnel.
    case encapsulate(TID)

    /// Hand to the kernel, which routes it on.
    case transmitToUplink

    /// Deliver to the PoP itself: to an address of this tunnel, or to the daemon's own when nil.
    case deliver(TID?)

    /// Return an ICMPv6 error to the sender, if one may be sent; from the tunnel's address, or from the daemon's
    /// own when nil.
    case reply(ICMPv6Error, concerning: TID?)

    /// Discard and count.
    case drop(DropReason)
}

extension Ingress {
    /// The tunnel, or nil for the uplink.
    var tunnel: TID? {
        switch self {
        case .uplink: nil
        case .tunnel(let tid): tid
        }
    }
}
