internal import CFastPath
public import Wire

// Packets that were left to the daemon: until it has done with them, those of the same tunnel that come later are left to it too.
extension FastPathTables {
    /// Whether the programs count what they leave of a tunnel.
    public func keepsOrder(of tid: TID) -> Bool {
        self.terms(of: tid) >> 16 & UInt64(FAST_PATH_KEEPS_ORDER) != 0
    }

    /// Whether the programs count a packet that comes from one address to another as a tunnel's.
    ///
    /// - Parameters:
    ///   - tid: The tunnel.
    ///   - remote: The outer source, as it stands in the packet.
    ///   - local: The outer destination.
    /// - Returns: Whether they do.
    public func keepsOrder(of tid: TID, from remote: UInt32, to local: UInt32) -> Bool {
        self.keepsOrder(of: tid) && self.ends(of: tid) == UInt64(local) | UInt64(remote) << 32
    }

    /// Adds the tunnels of which packets were left since this was last asked.
    public func takeWaiting(addingTo tids: inout TIDSet) { self.take(\.waiting, addingTo: &tids) }
}
