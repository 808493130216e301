internal import ArgumentParser
internal import Central
internal import Streams
internal import Wire

/// `zones`: the fleet's addresses in the DNS.
struct ZonesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "zones",
        abstract: "Write the DNS zones that name the fleet's addresses, as files that name servers read.",
        discussion: """
            One file per zone, named after it: the forward zone (--zone), in which T12 is t12 and its PoP's side gw-t12, and \
            a reverse zone for every prefix, with both sides of each tunnel. The subnets of a tunnel, and the /64 that is \
            routed through it by default, are delegated to the name servers that tunnel set --name-server gave it. Where a \
            tunnel ends is in the forward zone (an A record, kept for a minute) only after tunnel set --publish-endpoint: it \
            tells where somebody lives.

            A file is written only when its content changed, as a whole; its serial grows then, and only then. With --run a \
            program is told of changed zones, one name per line on standard input, for example to reload them. If it \
            fails, the next run tells it of the same zones again. Run this from a timer, such as every five minutes.

            Examples:
              sixxs-central zones --into zones --zone tunnels.example.net \\
                --name-server ns1.example.net --name-server ns2.example.net \\
                --contact hostmaster@example.net
              sixxs-central zones --into zones --zone tunnels.example.net \\
                --name-server ns1.example.net --contact hostmaster@example.net \\
                --run /usr/local/sbin/reload-zones
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "The folder of the files, which must exist.", completion: .directory) var into: String
    @Option(
        help: "The forward zone, such as tunnels.example.net.",
        transform: { try DomainName(parsing: $0) }
    )
    var zone: DomainName
    @Option(
        help: ArgumentHelp(
            "A name server of the zones; once for each, the primary first.",
            valueName: "name"
        ),
        transform: DomainName.nameServer
    )
    var nameServer: [DomainName]
    @Option(help: "Who answers for the zones: a mail address.", transform: { try MailContact(parsing: $0) })
    var contact: MailContact
    @Option(
        help: "How long answers may be kept, in seconds.",
        transform: { try Parsers.number($0, in: ZoneAuthority.ttls, "a number of seconds") }
    )
    var ttl = 3600
    @Option(
        name: .customLong("run"),
        help: "A program that is told of changed zones: an absolute path. It has a minute.",
        completion: .file()
    )
    var program: String?

    func run() async throws {
        let program = try self.program.map {
            try HookProgram($0, task: "to tell of changed zones", limit: .seconds(60))
        }
        let authority = try ZoneAuthority(
            forward: self.zone,
            nameServers: self.nameServer,
            contact: self.contact,
            ttl: self.ttl
        )
        let write = WriteZones(into: self.into, authority, program: program)
        let centre = try self.store.look()
        let answer = try await Interruptible.run { try await write.run(in: centre) }
        for name in answer.leftOver {
            Terminal.complain(
                "\(self.into)/\(name): the fleet no longer has this prefix. Remove the zone from your name server, then the file."
            )
        }
        let count = answer.changed.count
        try self.output.show(
            answer,
            orSay: count == 0
                ? "No change in \(answer.zones.counted("zone")) in \(self.into)."
                : "\(count) of \(answer.zones.counted("zone")) written into \(self.into)"
        )
    }
}
