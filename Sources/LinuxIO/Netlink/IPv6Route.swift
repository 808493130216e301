public import Wire

/// An entry of the kernel's main IPv6 routing table.
public struct IPv6Route: Hashable, Sendable {
    /// Where the packets go.
    public var destination: IPv6Prefix

    /// The next hop, or nil when the destination is on the device's link.
    ///
    /// It is taken to be on the link whatever its prefix (`RTNH_F_ONLINK`).
    public var gateway: IPv6Address?

    /// The device they leave through.
    public var device: NetworkDevice

    /// The preference among equal destinations, lower first, or nil for the kernel's default (1024).
    public var metric: UInt32?

    /// Creates a route.
    public init(
        to destination: IPv6Prefix,
        via gateway: IPv6Address? = nil,
        device: NetworkDevice,
        metric: UInt32? = nil
    ) {
        self.destination = destination
        self.gateway = gateway
        self.device = device
        self.metric = metric
    }
}

extension IPv6Route: CustomStringConvertible {
    /// As `ip -6 route` writes it.
    public var description: String {
        let via = self.gateway.map { " via \($0)" } ?? ""
        let metric = self.metric.map { " metric \($0)" } ?? ""
        return "\(self.destination)\(via) dev \(self.device)\(metric)"
    }
}
