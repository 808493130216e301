internal import ArgumentParser
internal import Central
internal import Wire

/// What `pop add` and `pop set` have in common.
struct PoPOptions: ParsableArguments {
    @Option(help: "The town.", transform: OptionParsers.line) var city: String?
    @Option(help: "Two capital letters, such as CH.", transform: Parsers.country) var country: String?
    @Option(help: "Where SSH is reached; default: the PoP's IPv4 address.", transform: OptionParsers.sshHost)
    var sshHost: String?
    @Option(help: "The SSH port; default 22.", transform: Parsers.port) var sshPort: Int?
    @Option(help: "The user on the PoP; default sixxs.", transform: OptionParsers.word) var sshUser: String?
    @Option(
        help: "The private key's file; default /var/lib/sixxs-central/id_ed25519.",
        transform: OptionParsers.path
    )
    var sshKey: String?
    @Option(
        help: "The daemon's control port as the PoP sees it; default 127.0.0.1:42003.",
        transform: Parsers.endpoint
    )
    var control: Endpoint?
    @Option(help: "MTU of new tunnels, 1280 to 1480; default 1280.", transform: Parsers.mtu) var mtu: Int?
    @Flag(inversion: .prefixedNo, help: "Whether it gets changes before the others.") var canary: Bool?
    @Option(help: "Seconds between visits, 60 to 86400; default 600.", transform: Parsers.pollInterval)
    var poll: Int?

    /// The values that were given.
    var amendment: PoPAmendment {
        PoPAmendment(
            city: self.city,
            country: self.country,
            sshHost: self.sshHost,
            sshPort: self.sshPort,
            sshUser: self.sshUser,
            sshKeyFile: self.sshKey,
            control: self.control,
            tunnelMTU: self.mtu,
            isCanary: self.canary,
            pollInterval: self.poll
        )
    }
}
