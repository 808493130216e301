/// The whole configuration of a PoP: what `sixxsd.conf` says and what the centre pushes.
public struct Configuration: Hashable, Sendable {
    /// The PoP itself.
    public var pop: PoPSettings

    /// The tunnels, in any order.
    public var tunnels: [TunnelSettings]

    /// The subnets, in any order.
    public var subnets: [SubnetSettings]

    /// Creates a configuration, empty unless told otherwise.
    public init(
        pop: PoPSettings = PoPSettings(),
        tunnels: [TunnelSettings] = [],
        subnets: [SubnetSettings] = []
    ) {
        self.pop = pop
        self.tunnels = tunnels
        self.subnets = subnets
    }

    /// SHA-256 of ``canonicalText`` as 64 lower-case hexadecimal digits.
    public var digest: String { Self.sha256(of: self.canonicalText.utf8) }

    /// SHA-256 of some octets as 64 lower-case hexadecimal digits.
    public static func sha256(of octets: some Sequence<UInt8>) -> String {
        MessageDigest.sha256(Array(octets)).hexadecimalText
    }
}
