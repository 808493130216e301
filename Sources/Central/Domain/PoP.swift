package import Wire

/// A point of presence: where a daemon runs and how the centre reaches it.
package struct PoP: Hashable, Sendable {
    /// The ids a PoP can have; 0 is a daemon that does not know its own.
    static let ids = 1...4095

    /// The intervals, in seconds, at which a PoP can be visited.
    static let pollIntervals = 60...86400

    /// The interval of a PoP that is visited in every round.
    static let usualPollInterval = 600

    /// The inner MTUs, in octets, that a tunnel can have.
    static let mtus = 1280...1480

    package var id: Int
    package var name: PoPName
    @Exact package var city = ""

    /// Two capital letters of ISO 3166, or empty.
    package var country = ""
    package var ipv4: IPv4Address
    package var ipv6: IPv6Address
    package var ssh: SSHAccount

    /// The key its SSH server must show; nil until an operator trusted one.
    package var hostKey: HostKey?

    /// Where the daemon's control port is, seen from the PoP.
    package var control: Endpoint

    /// The inner MTU, in octets, of new tunnels that are not given another.
    package var tunnelMTU: Int

    /// Whether rounds push to it.
    package var isEnabled: Bool

    /// Whether it gets a change before the others.
    package var isCanary = false

    /// How often a round visits it, in seconds.
    package var pollInterval = PoP.usualPollInterval

    package init(
        id: Int,
        name: PoPName,
        city: String = "",
        country: String = "",
        ipv4: IPv4Address,
        ipv6: IPv6Address,
        ssh: SSHAccount,
        hostKey: HostKey? = nil,
        control: Endpoint,
        tunnelMTU: Int,
        isEnabled: Bool,
        isCanary: Bool = false,
        pollInterval: Int = PoP.usualPollInterval
    ) {
        self.id = id
        self.name = name
        self.city = city
        self.country = country
        self.ipv4 = ipv4
        self.ipv6 = ipv6
        self.ssh = ssh
        self.hostKey = hostKey
        self.control = control
        self.tunnelMTU = tunnelMTU
        self.isEnabled = isEnabled
        self.isCanary = isCanary
        self.pollInterval = pollInterval
    }
}

/// The account through which the centre reaches a PoP.
package struct SSHAccount: Hashable, Sendable {
    /// Name or literal address; nil stands for the PoP's own IPv4 address.
    @Exact package var host: String?
    package var port: Int
    @Exact package var user: String

    /// Path of the private key, absolute.
    @Exact package var keyFile: String

    package init(host: String? = nil, port: Int, user: String, keyFile: String) {
        self.host = host
        self.port = port
        self.user = user
        self.keyFile = keyFile
    }
}

extension PoP {
    /// What to connect to: the SSH host, or the PoP's IPv4 address when none is set.
    package var sshHost: String { self.ssh.host ?? self.ipv4.description }
}

/// What a PoP has when nobody said otherwise.
package struct PoPDefaults: Hashable, Sendable {
    package var sshUser = "sixxs"
    package var sshPort = 22
    package var sshKeyFile = "/var/lib/sixxs-central/id_ed25519"
    package var control = Endpoint(.ipv4(IPv4Address(127, 0, 0, 1)), port: 42003)

    /// The smallest MTU of IPv6 fits every path (RFC 8200 §5).
    package var tunnelMTU = 1280
    package var isEnabled = true
    package var pollInterval = PoP.usualPollInterval

    package init(
        sshUser: String = "sixxs",
        sshPort: Int = 22,
        sshKeyFile: String = "/var/lib/sixxs-central/id_ed25519",
        control: Endpoint = Endpoint(.ipv4(IPv4Address(127, 0, 0, 1)), port: 42003),
        tunnelMTU: Int = 1280,
        isEnabled: Bool = true,
        pollInterval: Int = PoP.usualPollInterval
    ) {
        self.sshUser = sshUser
        self.sshPort = sshPort
        self.sshKeyFile = sshKeyFile
        self.control = control
        self.tunnelMTU = tunnelMTU
        self.isEnabled = isEnabled
        self.pollInterval = pollInterval
    }
}
