extension Menu {
    /// The top of the menus.
    public static let top = Menu("", "the top", menus: [.cmd, .pop, .subnet, .tunnel, .config])

    static let cmd = Menu(
        "cmd",
        "this session",
        commands: [
            Command("exit", "ends the session"),
            Command("quit", "ends the session"),
        ]
    )

    static let pop = Menu(
        "pop",
        "this PoP and the others",
        menus: [
            Menu("cliacl", "who may speak to the control port", commands: Self.accessListCommands),
            Menu("get", "reads one setting", commands: Self.popGetCommands),
            Menu("set", "changes a setting", commands: Self.popSetCommands),
            Menu("show", "shows how things are", commands: Self.popShowCommands),
            Menu(
                "subnetprefix",
                "what subnets are delegated from",
                commands: Self.prefixCommands("/40 or /48")
            ),
            Menu("tunnelprefix", "what tunnels are numbered from", commands: Self.prefixCommands("/48")),
        ],
        commands: [
            Command("saveconfig", "writes the running configuration into the file it came from"),
            Command("report", "everything a collector wants, as one JSON document"),
            Command("shutdown", "ends the daemon as SIGTERM does"),
        ]
    )

    private static let accessListCommands = [
        Command("add", "<address or block>", "lets an address or block in"),
        Command("list", "lists who is let in"),
        Command("remove", "<address or block>", "lets an address or block in no more"),
        Command("reset", "empties the list: only the host itself is let in"),
    ]

    private static let popGetCommands = [
        Command("id", "which PoP this is"),
        Command("name", "what this PoP is called"),
    ]

    private static let popSetCommands = [
        Command("id", "<id>", "says which PoP this is"),
        Command("details", "<id> <name> <IPv4> <IPv6>", "describes a PoP of the fleet"),
        Command("beat-timeout", "<seconds>", "after how long without a beat a dynamic tunnel is down"),
        Command("icmp-rate", "<tunnel/s> <tunnel burst> <PoP/s>", "limits the ICMP errors sent"),
        Command("path-mtu", "dynamic|static", "how outer packets are fitted to the path"),
        Command("protocol-unreachable", "on|off", "whether unwelcome 6in4 and GRE is answered"),
        Command("verbosity", "on|off", "logs in detail or not"),
        Command("debug", "on|off", "logs what only developers want or not"),
    ]

    private static let popShowCommands = [
        Command("info", "who this is and where it listens"),
        Command("hostinfo", "the host it runs on"),
        Command("pops", "the PoPs of the fleet"),
        Command("status", "how many tunnels are online, active, configured"),
        Command("threads", "the daemon's workers"),
        Command("timeinfo", "the clocks"),
        Command("unixtime", "seconds since 1970"),
        Command("uptime", "how long the daemon has run"),
        Command("version", "the daemon's version"),
    ]

    private static func prefixCommands(_ lengths: String) -> [Command] {
        [
            Command("add", "<prefix, \(lengths)>", "adds a prefix"),
            Command("list", "lists the prefixes"),
        ]
    }

    static let subnet = Menu(
        "subnet",
        "prefixes routed to tunnels",
        menus: [
            Menu(
                "set",
                "changes a subnet",
                commands: [Command("config", "<prefix> <tid> static", "routes a prefix to a tunnel")]
            )
        ]
    )

    static let tunnel = Menu(
        "tunnel",
        "the tunnels",
        menus: [
            Menu(
                "set",
                "changes a tunnel",
                commands: [
                    Command(
                        "config",
                        "<tid> T<n> <address|ayiya|heartbeat|dynamic> <up|disabled> <mtu> [<password>]",
                        "adds or changes a tunnel"
                    )
                ]
            )
        ],
        commands: [
            Command("show", "<tid>", "everything about a tunnel"),
            Command("list", "[all|erroronly|err=<name>]", "a line a tunnel"),
            Command("stats", "traffic and latency, a line a tunnel"),
        ]
    )

    static let config = Menu(
        "config",
        "the configuration as a whole",
        commands: [
            Command(
                "push",
                "<generation> <bytes> <sha256> [confirm <seconds>]",
                "replaces it with the text that follows, for good or until it is confirmed"
            ),
            Command("confirm", "<generation>", "keeps what was pushed to be confirmed"),
            Command("rollback", "takes back what was pushed and not confirmed"),
            Command("show", "prints it"),
            Command("digest", "its generation, SHA-256 and age"),
        ]
    )
}
