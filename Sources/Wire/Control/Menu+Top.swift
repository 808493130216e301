extension Menu {
    /// The top of the menus.
    public static let top = Menu(
        "",
        "the top",
        menus: [.cmd, .pop, .subnet, .tunnel, .config],
        commands: [
            Command(
                "explain",
                "<hex packet> [from uplink|T<n>|<outer address>]",
                "says what would happen to a packet"
            ),
            Command(
                "trace",
                "<tunnel> [packets <n>] [seconds <s>] [octets] [--json]",
                "shows what becomes of a tunnel's packets"
            ),
        ] + Self.endings
    )

    static let cmd = Menu("cmd", "this session", commands: Self.endings)

    private static let endings = [
        Command("exit", "ends the session"),
        Command("quit", "ends the session"),
    ]

    static let pop = Menu(
        "pop",
        "this PoP and the others",
        menus: [
            Menu("cliacl", "who may use the control port", commands: Self.accessListCommands),
            Menu("get", "reads one setting", commands: Self.popGetCommands),
            Menu("set", "changes a setting", commands: Self.popSetCommands),
            Menu("show", "shows the daemon's state", commands: Self.popShowCommands),
            Menu(
                "subnetprefix",
                "the prefixes that subnets are delegated from",
                commands: Self.prefixCommands("/40 or /48")
            ),
            Menu(
                "tunnelprefix",
                "the prefix that tunnels are numbered from",
                commands: Self.prefixCommands("/48")
            ),
        ],
        commands: [
            Command("saveconfig", "writes the running configuration into the file it came from"),
            Command("report", "everything a collector wants, as one JSON document"),
            Command("shutdown", "ends the daemon as SIGTERM does"),
        ]
    )

    private static let accessListCommands = [
        Command("add", "<address or block> [force]", "lets an address or block in"),
        Command("list", "lists who is let in"),
        Command("remove", "<address or block> [force]", "removes an address or block from the list"),
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
        Command("verbosity", "on|off", "turns debug messages on or off"),
        Command("debug", "on|off", "turns trace messages on or off"),
    ]

    private static let popShowCommands = [
        Command("info", "who this is and where it listens"),
        Command("hostinfo", "the host it runs on"),
        Command("kernel", "what was repaired of routes, device and addresses, and what can't be"),
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
        "the tunnels; <tunnel> is T<n>, a tid or an address that routes to it",
        menus: [
            Menu("get", "reads one thing of a tunnel", commands: Self.tunnelGetCommands),
            Menu("set", "changes a tunnel", commands: Self.tunnelSetCommands),
        ],
        commands: [
            Command("show", "<tunnel>|uplink", "everything about a tunnel, or of what belongs to no tunnel"),
            Command(
                "list",
                "[all|debugonly|erroronly|err=<name>]",
                "one line per tunnel, and one for the PoP itself where it has errors"
            ),
            Command(
                "stats",
                "[RESET]",
                "traffic and latency, one line per tunnel; RESET sets them to 0 afterwards"
            ),
            Command("reseterrors", "all|<tunnel>|uplink", "sets error counters to 0"),
        ]
    )

    private static let tunnelGetCommands = [
        Command("outer_endpoint", "<tunnel>", "where the user's end is"),
        Command("errorpacket", "<tunnel>|uplink <error>", "the last packet that caused an error"),
    ]

    private static let tunnelSetCommands = [
        Command(
            "config",
            "<tid> T<n> <address|ayiya|heartbeat|dynamic> <up|disabled> <mtu> [<password> [<old password> until <time>]]",
            "adds or changes a tunnel"
        ),
        Command("debug", "<tunnel> on|off", "shows what becomes of a tunnel's packets in this session"),
        Command("remote", "<tunnel> <address>", "moves the user's end of a static tunnel"),
    ]

    static let config = Menu(
        "config",
        "the configuration as a whole",
        commands: [
            Command(
                "push",
                "<generation> <bytes> <sha256> [confirm <seconds>] [force]",
                "replaces it with the text that follows, permanently, or on trial"
            ),
            Command(
                "patch",
                "<bytes> <sha256> from <sha256> to <sha256> [force]",
                "changes tunnels and subnets by the lines that follow, permanently"
            ),
            Command("confirm", "<generation>", "confirms a push that is on trial"),
            Command("rollback", "takes back what was pushed and not confirmed"),
            Command("reload", "[force]", "reloads the file, as SIGHUP does"),
            Command("diff", "<bytes> <sha256>", "what a push of the text that follows would change"),
            Command("show", "prints it"),
            Command("digest", "its generation, SHA-256 and age"),
        ]
    )
}
