internal import CFastPath
internal import Core
internal import Wire

// The two words of a row (`struct fast_path_tunnel`).
extension PlainTunnel {
    /// The outer addresses of IPv4; nil over IPv6.
    var ends: UInt64? { Self.ends(self.local, self.remote) }

    /// Two outer addresses of IPv4 as a row has them; nil of others.
    static func ends(_ local: IPAddress, _ remote: IPAddress) -> UInt64? {
        guard case (.ipv4(let local), .ipv4(let remote)) = (local, remote) else { return nil }
        return UInt64(local.value.byteSwapped) | UInt64(remote.value.byteSwapped) << 32
    }

    /// Those of IPv6; nil over IPv4.
    var ipv6Ends: IPv6Ends? { IPv6Ends(self.local, self.remote) }

    /// Everything else.
    var terms: UInt64 {
        let isOverIPv6 = self.ipv6Ends != nil
        var terms = UInt64(FAST_PATH_KEEPS_ORDER) << 16
        if isOverIPv6 { terms |= UInt64(FAST_PATH_OVER_IPV6) << 16 }
        guard self.obstacle == nil else { return terms }
        if self.encapsulation == .gre { terms |= UInt64(FAST_PATH_GRE) << 16 }
        let identifications = UInt64(self.evenIdentification) << 32 | UInt64(self.oddIdentification) << 48
        return terms | UInt64(self.mtu) | (isOverIPv6 ? UInt64(self.flowLabel) << 32 : identifications)
    }
}
