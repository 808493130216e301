/// A way from a PoP to another one: over which addresses it is measured.
public struct PeerPath: Hashable, Sendable {
    /// The other PoP's number in the fleet, 16 bits of it.
    public let peer: Int

    /// Whether it is measured over IPv6.
    public let isIPv6: Bool

    /// Creates a way.
    ///
    /// - Returns: Nil for a number that no PoP can have.
    public init?(to peer: Int, isIPv6: Bool) {
        guard (1...0xffff).contains(peer) else { return nil }
        self.peer = peer
        self.isIPv6 = isIPv6
    }
}

extension PeerPath: Comparable {
    /// By PoP, and over IPv4 before IPv6.
    public static func < (left: Self, right: Self) -> Bool {
        left.peer != right.peer ? left.peer < right.peer : !left.isIPv6 && right.isIPv6
    }
}
