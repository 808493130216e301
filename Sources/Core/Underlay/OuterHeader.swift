internal import Wire

/// What the outer headers of a packet said before it was taken off.
public struct OuterHeader: Hashable, Sendable {
    /// The ends: the packet's destination is the local one.
    public var path: OuterPath

    /// DSCP and ECN.
    public var trafficClass: UInt8

    /// Whether the packet was sent to a broadcast or multicast address, which no tunnel's end has (RFC 1122 §3.2.1.3).
    public var isToGroup = false

    /// How many octets of the IPv4 packet still stand in the buffer in front of the payload; 0 when none do.
    var octetsInFront = 0

    /// Creates a header.
    public init(path: OuterPath, trafficClass: UInt8) {
        self.path = path
        self.trafficClass = trafficClass
    }

    /// Whether it went to an address of ours alone, from one that names a single host.
    var isBetweenHosts: Bool { !self.isToGroup && !self.path.local.isGroup && self.path.remote.namesOneHost }
}

/// What the payload behind an outer header is.
public enum OuterPayload: Hashable, Sendable {
    /// An IPv6 packet (protocol 41).
    case sixInFour
    /// A GRE packet (protocol 47).
    case gre
    /// A UDP datagram's payload on AYIYA's port.
    case ayiya
    /// A UDP datagram's payload on the heartbeat port.
    case heartbeat
    /// An ICMPv4 message (protocol 1).
    case icmpv4
    /// An ICMPv6 message (next header 58) to the PoP's outer address.
    case icmpv6
}

extension OuterPayload {
    /// What comes to a port of ours; nil for another's.
    init?(localPort: UInt16) {
        switch localPort {
        case AYIYAPacket.port: self = .ayiya
        case HeartbeatMessage.port: self = .heartbeat
        default: return nil
        }
    }

    /// What raw sockets are open for.
    init(protocolNumber: UInt8) {
        switch protocolNumber {
        case ProtocolNumber.gre: self = .gre
        case ProtocolNumber.icmpv4: self = .icmpv4
        default: self = .sixInFour
        }
    }
}

extension OuterPayload {
    /// The port of ours that it comes to; 0 without UDP.
    public var localPort: UInt16 {
        switch self {
        case .ayiya: AYIYAPacket.port
        case .heartbeat: HeartbeatMessage.port
        case .sixInFour, .gre, .icmpv4, .icmpv6: 0
        }
    }

    /// Where the 16 bits lie that tell the tunnels of a PoP apart, in octets; nil where there are none.
    public var tunnelOffset: Int? { self == .ayiya ? AYIYAPacket.tunnelOffset : nil }

    /// Whether it is a datagram whose signature says whose it is.
    public var isSigned: Bool { self == .ayiya }

    /// Length of what stands in front of the inner packet, in octets, where packets in a row can be known by it; else nil.
    @inline(__always)
    var repeatedHeaderLength: Int? {
        switch self {
        case .sixInFour: 0
        case .ayiya: AYIYAPacket.headerLength
        case .gre, .heartbeat, .icmpv4, .icmpv6: nil
        }
    }
}
