public import Wire

/// The two outer ends of a tunnel.
public struct OuterPath: Hashable, Sendable {
    /// Our address.
    public var local: IPAddress
    /// The user's address.
    public var remote: IPAddress
    /// Our UDP port; 0 without UDP.
    public var localPort: UInt16
    /// The user's UDP port; 0 without UDP.
    public var remotePort: UInt16

    /// Creates a path.
    public init(local: IPAddress, remote: IPAddress, localPort: UInt16 = 0, remotePort: UInt16 = 0) {
        self.local = local
        self.remote = remote
        self.localPort = localPort
        self.remotePort = remotePort
    }
}
