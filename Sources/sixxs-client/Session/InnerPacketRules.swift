import Wire

/// Which inner packets may pass, by their addresses.
///
/// Subnets are not checked: the user may route more than the tunnel's /64 through it, and the PoP checks anyway.
enum InnerPacketRules {
    /// Why a packet must not enter the tunnel, or nil.
    static func rejection(of packet: borrowing IPv6Packet) -> DiscardReason? {
        let source = packet.source
        let destination = packet.destination
        if source.isLinkLocalUnicast || destination.isLinkLocalUnicast { return .linkLocal }
        if destination.isMulticast { return .multicast }
        guard Self.isPossible(source), Self.isPossible(destination) else { return .impossibleAddress }
        return nil
    }

    /// Why a packet that came out of the tunnel must not reach the host, or nil.
    static func rejection(ofArriving packet: borrowing IPv6Packet, at identity: IPv6Address) -> DiscardReason?
    {
        if packet.source == identity { return .ownSource }
        return Self.rejection(of: packet)
    }

    /// Whether one node on the internet can have the address.
    private static func isPossible(_ address: IPv6Address) -> Bool {
        address.isUnicast && !address.isIPv4Compatible && !address.isIPv4Mapped
    }
}

/// Combining the congestion marks of outer and inner header on decapsulation (RFC 6040 §4.2, figure 4).
enum CongestionMark {
    private static let mask: UInt8 = 0b11
    private static let notCapable: UInt8 = 0b00
    private static let capable1: UInt8 = 0b01
    private static let capable0: UInt8 = 0b10
    private static let experienced: UInt8 = 0b11

    /// The inner traffic class after decapsulation, or nil when the packet must be dropped.
    static func combine(outer: UInt8, inner: UInt8) -> UInt8? {
        switch (outer & Self.mask, inner & Self.mask) {
        case (Self.experienced, Self.notCapable): nil
        case (Self.experienced, _): inner | Self.experienced
        case (Self.capable1, Self.capable0): inner & ~Self.mask | Self.capable1
        default: inner
        }
    }
}
