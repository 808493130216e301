internal import CFastPath
internal import Core
internal import Wire

// The two words of a row (`struct fast_path_tunnel`).
extension PlainTunnel {
    /// The outer addresses.
    var ends: UInt64 { UInt64(self.local.value.byteSwapped) | UInt64(self.remote.value.byteSwapped) << 32 }

    /// Everything else.
    var terms: UInt64 {
        let keepsOrder = UInt64(FAST_PATH_KEEPS_ORDER) << 16
        guard self.obstacle == nil else { return keepsOrder }
        let kind = self.encapsulation == .gre ? UInt64(FAST_PATH_GRE) << 16 : 0
        return UInt64(self.mtu) | keepsOrder | kind | UInt64(self.evenIdentification) << 32
            | UInt64(self.oddIdentification) << 48
    }
}
