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
