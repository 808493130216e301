internal import Wire

/// A point of presence: where a daemon runs and how the centre reaches it.
struct PoP: Hashable, Sendable {
    /// The ids a PoP can have; 0 is a daemon that does not know its own.
    static let ids = 1...4095

    /// The intervals, in seconds, at which a PoP can be visited.
    static let pollIntervals = 60...86400

    /// The interval of a PoP that is visited in every round.
    static let usualPollInterval = 600

    /// The inner MTUs, in octets, that a tunnel can have.
    static let mtus = 1280...1480

    var id: Int
    var name: PoPName
    @Exact var city = ""

    /// Two capital letters of ISO 3166, or empty.
    var country = ""
    var ipv4: IPv4Address
    var ipv6: IPv6Address
    var ssh: SSHAccount

    /// The key its SSH server must show; nil until an operator trusted one.
    var hostKey: HostKey?

    /// Where the daemon's control port is, seen from the PoP.
    var control: Endpoint

    /// The inner MTU, in octets, of new tunnels that are not given another.
    var tunnelMTU: Int

    /// Whether rounds push to it.
    var isEnabled: Bool

    /// Whether it gets a change before the others.
    var isCanary = false

    /// How often a round visits it, in seconds.
    var pollInterval = PoP.usualPollInterval
}

/// The account through which the centre reaches a PoP.
struct SSHAccount: Hashable, Sendable {
    /// Name or literal address; nil stands for the PoP's own IPv4 address.
    @Exact var host: String?
    var port: Int
    @Exact var user: String

    /// Path of the private key, absolute.
    @Exact var keyFile: String
}

extension PoP {
    /// What to connect to: the SSH host, or the PoP's IPv4 address when none is set.
    var sshHost: String { self.ssh.host ?? self.ipv4.description }
}

/// What a PoP has when nobody said otherwise.
struct PoPDefaults: Hashable, Sendable {
    var sshUser = "sixxs"
    var sshPort = 22
    var sshKeyFile = "/var/lib/sixxs/id_ed25519"
    var control = Endpoint(.ipv4(IPv4Address(127, 0, 0, 1)), port: 42003)

    /// The smallest MTU of IPv6 fits every path (RFC 8200 §5).
    var tunnelMTU = 1280
    var isEnabled = true
    var pollInterval = PoP.usualPollInterval
}
