/// Where packets go on an Ethernet link, and how large they may be.
public struct NextHop: Hashable, Sendable {
    /// Number of the interface that they leave through.
    public var interface: UInt32

    /// The link-layer address that they are sent to.
    public var address: LinkAddress

    /// Size of the largest IP packet, in octets.
    public var mtu: Int

    /// Creates a next hop.
    public init(interface: UInt32, address: LinkAddress, mtu: Int) {
        self.interface = interface
        self.address = address
        self.mtu = mtu
    }
}
