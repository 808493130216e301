/// Which way a packet goes.
public enum FastPathDirection: Int, Hashable, Sendable, CaseIterable {
    /// From the TUN device into a tunnel.
    case encapsulate
    /// From a link, out of a tunnel.
    case decapsulate
}

/// Why the kernel's programs leave a packet to the daemon, as they number it (`enum fast_path_refusal`).
///
/// What the daemon then does with it is another matter: it may forward it all the same.
public enum FastPathRefusal: Int, Hashable, Sendable, CaseIterable {
    /// The daemon has not said for two seconds that it lives.
    case silent = 1
    /// The packet ends before its headers do.
    case short
    /// The inner packet is not IPv6.
    case notIPv6
    /// It is not as long as its headers say: padding, or cut off.
    case otherLength
    /// No node has the inner source.
    case impossibleSource
    /// The inner source is one of the PoP's own, from outside; or no tunnel's, from a tunnel.
    case wrongSource
    /// The inner destination is no tunnel's, from outside; or one of the PoP's own, from a tunnel.
    case wrongDestination
    /// No router may send to the inner destination.
    case impossibleDestination
    /// It may take no further hop.
    case lastHop
    /// The tunnel is not on the fast path.
    case slowTunnel
    /// The outer ends are not the tunnel's.
    case otherEnds
    /// It stands for several packets in a way that is not understood.
    case oddSegments
    /// It is larger than what the tunnel takes.
    case tooBig
    /// The kernel has no way, or no neighbour, to the tunnel's end.
    case noNextHop
    /// It is larger than what the kernel knows of the path to the tunnel's end.
    case narrowPath
    /// It belongs to a VLAN of the link.
    case tagged
    /// It is not for this host's link address alone.
    case otherHost
    /// The outer header has options.
    case options
    /// The outer packet is a fragment.
    case fragment
    /// The outer header's checksum is wrong.
    case checksum
    /// Congestion was marked outside, and the inner packet does not know ECN (RFC 6040).
    case congestion
    /// The kernel does not change it as would be needed.
    case unchanged
    /// It was changed and could not go on: dropped, the only ones.
    case lost
    /// The daemon has packets of the tunnel in hand that came before.
    case waiting
    /// It is GRE and the tunnel's packets are 6in4, or the other way round: the daemon follows the user from one to the other.
    case otherKind
    /// Its GRE header is not the plain one of 4 octets with IPv6 behind it.
    case oddGRE
}
