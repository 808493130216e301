internal import Wire

/// What a verdict reads of a tunnel: 4 octets, so that those of all tunnels fit in the first cache.
///
/// The rest of what is known of a tunnel lies in its row, which is read only for packets that go there.
struct ForwardingEntry: Sendable {
    var condition = TunnelCondition.none
    /// Whether decisions about the tunnel are written down.
    var isTraced = false
    /// Size of the largest inner packet that needs no outer fragmentation, in octets, never below 1280
    /// (RFC 4213 §3.2).
    var effectiveMTU: UInt16 = 1280
}
