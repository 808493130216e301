internal import Wire

/// What came out of an outer packet.
enum Arrival {
    /// The buffer holds an inner packet of this tunnel.
    case inner(InnerArrival)
    /// The buffer holds a packet of our own for this tunnel.
    case own(TID)
    /// There is nothing more to do.
    case finished(Output)
}

/// An inner packet that came out of an outer one.
struct InnerArrival {
    var tid: TID
    var encapsulation: Encapsulation
    /// Of the packet, in octets; what stands behind it is padding (RFC 4213 §3.6) and no traffic of the user's.
    var length: Int
    /// Whether the next packet may be taken for alike.
    var mayRepeat = true
    /// What lies in the spare buffer beside it.
    var response = Output.Transmission.none
}

/// Takes outer packets apart, each as its protocol has it.
enum Decapsulation {
    /// Takes the payload of an outer packet whose outer header is in order.
    @inline(__always)
    static func decapsulate(
        _ buffer: inout PacketBuffer,
        spare: inout PacketBuffer,
        as payload: OuterPayload,
        _ outer: OuterHeader,
        expecting signature: SHA1Digest?,
        _ tables: inout Tables,
        _ now: Timestamp
    ) -> Arrival {
        switch payload {
        case .sixInFour: BareArrivals.receive(&buffer, as: .sixInFour, outer, &tables, now)
        case .gre: BareArrivals.receiveGRE(&buffer, outer, &tables, now)
        case .ayiya:
            SignedArrivals.receiveAYIYA(&buffer, spare: &spare, outer, expecting: signature, &tables, now)
        case .heartbeat: .finished(SignedArrivals.receiveHeartbeat(buffer, outer, &tables, now))
        case .icmpv4: OuterMessages.receiveICMPv4(&buffer, outer, &tables, now)
        case .icmpv6: OuterMessages.receiveICMPv6(&buffer, outer, &tables, now)
        }
    }
}
