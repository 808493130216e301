internal import CFastPath
public import Core
public import Wire

// Packets that were left to the daemon: until it has done with them, those of the same tunnel that come later are left to it too.
extension FastPathTables {
    /// Whether the programs count what they leave of a tunnel.
    public func keepsOrder(of tid: TID) -> Bool {
        self.terms(of: tid) >> 16 & UInt64(FAST_PATH_KEEPS_ORDER) != 0
    }

    /// Whether the programs count a packet from a link as a tunnel's.
    ///
    /// - Parameters:
    ///   - tid: The tunnel.
    ///   - path: The packet's outer addresses.
    /// - Returns: Whether they do.
    public func keepsOrder(of tid: TID, along path: OuterPath) -> Bool {
        let flags = self.terms(of: tid) >> 16
        guard flags & UInt64(FAST_PATH_KEEPS_ORDER) != 0 else { return false }
        let isOverIPv6 = flags & UInt64(FAST_PATH_OVER_IPV6) != 0
        if let ends = IPv6Ends(path.local, path.remote) {
            return isOverIPv6 && self.ipv6Ends.holds(ends, in: Self.row(of: tid, in: self.bank))
        }
        return !isOverIPv6 && self.ends(of: tid) == PlainTunnel.ends(path.local, path.remote)
    }

    /// Adds the tunnels of which packets were left since this was last asked.
    public func takeWaiting(addingTo tids: inout TIDSet) { self.take(\.waiting, addingTo: &tids) }
}
