/// One `subnet set config` line of `sixxsd.conf`: a prefix routed to a tunnel.
public struct SubnetSettings: Hashable, Sendable {
    /// The prefix: a /48 out of a /40, or a /56 out of a /48.
    public var prefix: IPv6Prefix

    /// The tunnel it is routed to.
    public var tid: TID

    /// Creates a subnet.
    public init(prefix: IPv6Prefix, tid: TID) {
        self.prefix = prefix
        self.tid = tid
    }
}
