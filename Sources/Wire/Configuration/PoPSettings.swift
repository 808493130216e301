/// What the `pop` menu of `sixxsd.conf` configures.
public struct PoPSettings: Hashable, Sendable {
    /// The most subnet prefixes a PoP can have.
    public static let maximumSubnetPrefixes = 16

    /// The most entries an access list can have.
    public static let maximumACLEntries = 256

    /// Which of ``pops`` this daemon is, 0 through 4095.
    public var id: Int?

    /// All PoPs of the fleet, this one included.
    public var pops: [PoPDetails] = []

    /// The /48 whose /64s are the tunnels.
    public var tunnelPrefix: IPv6Prefix?

    /// The /40s and /48s that subnets are delegated from, at most 16.
    public var subnetPrefixes: [IPv6Prefix] = []

    /// From where the control port may be spoken to; empty means from the host itself.
    public var controlACL: [AddressBlock] = []

    /// Seconds without a beat after which a dynamic tunnel is down, 1 through 86,400.
    public var beatTimeout = 300

    /// How many ICMP errors may be sent.
    public var icmpRate = ICMPRate()

    /// How the outer packets' size is fitted to the path.
    public var pathMTU = PathMTUMode.dynamic

    /// Whether an unwelcome 6in4 or GRE packet is answered with an ICMPv4 protocol unreachable (RFC 4213 §3.6).
    public var answersProtocolUnreachable = false

    /// Whether the daemon logs what it does in detail.
    public var isVerbose = false

    /// Whether the daemon logs what only its developers want.
    public var isDebugging = false

    /// Creates the settings of a PoP that has none yet.
    public init() {}

    /// The details of this PoP, when ``id`` names one of ``pops``.
    public var ownDetails: PoPDetails? {
        self.pops.first { $0.id == self.id }
    }
}

/// What a PoP is called and where it is reached.
public struct PoPDetails: Hashable, Sendable {
    /// The numbers that PoPs can have.
    public static let ids = 0...4095

    /// The PoP's number in the fleet.
    public var id: Int

    /// Its name, such as `chtst01`: country, town, number.
    public var name: String

    /// Where 6in4, GRE, heartbeats and AYIYA over IPv4 are sent to.
    public var ipv4: IPv4Address

    /// Where they are sent to over IPv6.
    public var ipv6: IPv6Address

    /// Creates the details of a PoP.
    public init(id: Int, name: String, ipv4: IPv4Address, ipv6: IPv6Address) {
        self.id = id
        self.name = name
        self.ipv4 = ipv4
        self.ipv6 = ipv6
    }
}

extension PoPDetails {
    /// Both addresses.
    var addresses: [IPAddress] { [.ipv4(self.ipv4), .ipv6(self.ipv6)] }
}

extension PoPSettings {
    /// The addresses of all PoPs that are known, with the PoPs' names.
    var addresses: [(name: String, address: IPAddress)] {
        self.pops.flatMap { details in details.addresses.map { (details.name, $0) } }
    }
}

/// Limits on the ICMP errors that a PoP sends (RFC 4443 §2.4(f)).
public struct ICMPRate: Hashable, Sendable {
    /// Errors a second about one tunnel.
    public var tunnelPerSecond = 10

    /// Errors in a burst about one tunnel.
    public var tunnelBurst = 10

    /// Errors a second in all; also their burst.
    public var popPerSecond = 1000

    /// Creates the default limits: 10 a second and 10 in a burst for a tunnel, 1000 a second in all.
    public init() {}

    /// Creates limits.
    public init(tunnelPerSecond: Int, tunnelBurst: Int, popPerSecond: Int) {
        self.tunnelPerSecond = tunnelPerSecond
        self.tunnelBurst = tunnelBurst
        self.popPerSecond = popPerSecond
    }
}

/// How the size of outer packets is fitted to the path (RFC 4213 §3.2).
public enum PathMTUMode: String, Hashable, Sendable, CaseIterable {
    /// DF set, path MTU learnt (RFC 4213 §3.2.2).
    case dynamic
    /// DF clear, identifications that do not repeat (RFC 4213 §3.2.1).
    case `static`
}
