import Core
import Foundation
import Logging
import Testing
import Wire

@testable import sixxsd

/// Session text in, session text out, for every command.
@Suite("The control port answers") struct TranscriptTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let asked: String
        let answer: String

        init(_ name: String, _ asked: String, _ answer: String) {
            self.testDescription = name
            self.asked = asked
            self.answer = answer
        }
    }

    private static let lockOut =
        "425 refused, since it locks out this host itself, and the centre: pop cliacl add 127.0.0.1 first, or add 'force' "
        + "after the address if that is meant"

    // swift-format-ignore
    static let menus = [
        Case("a menu and back", "pop\n.\n..\n.", "200 /pop\n200 /pop\n200 /\n200 /"),
        Case("two menus at once", "pop show\n.", "200 /pop/show\n200 /pop/show"),
        Case("end leaves like ..", "tunnel\nset\nend\n.", "200 /tunnel\n200 /tunnel/set\n200 /tunnel\n200 /tunnel"),
        Case("/ goes to the top", "pop\nshow\n/\n.", "200 /pop\n200 /pop/show\n200 /\n200 /"),
        Case("the top can't be left", "..\nend", "400 already at the top\n400 already at the top"),
        Case("comments and blanks are silent", "# a comment\n// another\n\n   \n\t.", "200 /"),
        Case("upper case", "POP SHOW VERSION", "200 sixxsd \(Release.version)"),
        Case("carriage returns", "pop show version\r\n.\r", "200 sixxsd \(Release.version)\n200 /"),
        Case("an unknown word", "nonsense", "404 unknown command \"nonsense\", try help"),
        Case("an unknown word in a menu", "pop\nnonsense", "200 /pop\n404 unknown command \"nonsense\", try help"),
        Case("a mistyped menu", "tunel list", "404 unknown command \"tunel\": did you mean \"tunnel\"?"),
        Case("a mistyped command", "pop show verison", "404 unknown command \"verison\": did you mean \"version\"?"),
        Case("control characters are not echoed", "\u{1b}[2J", "404 unknown command \"?[2J\", try help"),
        Case("exit", "exit\npop show version", "200 bye"),
        Case("quit", "quit", "200 bye"),
        Case("cmd exit", "cmd\nexit", "200 /cmd\n200 bye"),
        Case("cmd quit", "cmd quit", "200 bye"),
    ]

    // swift-format-ignore
    static let pop = [
        Case("get id", "pop get id", "200 1"),
        Case("get id, too much", "pop get id 5", "400 column 12: expected end of line, found \"5\""),
        Case("get name", "pop get name", "200 chtst01"),
        Case("set id", "pop set id 2\npop get name", "200 OK\n200 detst01"),
        Case("set id of nobody", "pop set id 3", "400 expected details of PoP 3, found none"),
        Case("set id, no number", "pop set id x", "400 column 12: expected a PoP id, 0 to 4095, found \"x\""),
        Case("set id, missing", "pop set id", "400 column 11: expected a PoP id, 0 to 4095, found end of line"),
        Case("set the same id", "pop set id 1", "304 nothing to change"),
        Case("set details", "pop set details 3 nlams01 192.0.2.3 2001:db8::3\npop set id 3\npop get name", "200 OK\n200 OK\n200 nlams01"),
        Case("set details, wrong", "pop set details 3 nlams01 192.0.2.300 ::", "400 column 27: expected an IPv4 address, found \"192.0.2.300\""),
        Case("set verbosity", "pop set verbosity on\npop set verbosity on\npop set verbosity maybe", "200 OK\n304 nothing to change\n400 column 19: expected on or off, found \"maybe\""),
        Case("set debug", "pop set debug on\npop set debug off", "200 OK\n200 OK"),
        Case("set beat-timeout", "pop set beat-timeout 60\npop set beat-timeout 0", "200 OK\n400 column 22: expected seconds, 1 to 86400, found \"0\""),
        Case("set path-mtu", "pop set path-mtu static", "200 OK"),
        Case("set protocol-unreachable", "pop set protocol-unreachable on", "200 OK"),
        Case("set icmp-rate", "pop set icmp-rate 1 2 3\npop set icmp-rate 1", "200 OK\n400 column 20: expected errors in a burst about a tunnel, 0 to 1000000, found end of line"),
        Case("cliacl", "pop cliacl list\npop cliacl add 127.0.0.1\npop cliacl add 10.0.0.0/8\npop cliacl add 10.0.0.0/8\npop cliacl list\npop cliacl remove 10.0.0.0/8\npop cliacl add ::1\npop cliacl reset\npop cliacl list", "201 0\n200 OK\n200 OK\n200 OK\n304 nothing to change\n201 2\n127.0.0.1\n10.0.0.0/8\n200 OK\n200 OK\n200 OK\n200 OK\n201 0\n200 OK"),
        Case("cliacl add, the host locked out", "pop cliacl add 10.0.0.0/8\npop cliacl list\npop cliacl add 10.0.0.0/8 force\npop cliacl list", "\(lockOut)\n201 0\n200 OK\n200 OK\n201 1\n10.0.0.0/8\n200 OK"),
        Case("cliacl remove, the host locked out", "pop cliacl add 127.0.0.0/8\npop cliacl add ::1\npop cliacl remove 127.0.0.0/8\npop cliacl add 127.0.0.1\npop cliacl remove 127.0.0.0/8\npop cliacl remove 127.0.0.1 FORCE", "200 OK\n200 OK\n\(lockOut)\n200 OK\n200 OK\n200 OK"),
        Case("cliacl, too much", "pop cliacl add 10.0.0.0/8 maybe\npop cliacl add 10.0.0.0/8 force now", "400 column 27: expected end of line, found \"maybe\"\n400 column 33: expected end of line, found \"now\""),
        Case("cliacl, wrong", "pop cliacl add 10.0.0.0/33", "400 column 16: expected an address or a block such as 192.0.2.0/24, found \"10.0.0.0/33\""),
        Case("tunnelprefix", "pop tunnelprefix list\npop tunnelprefix add 2001:db8:2ff::/49", "201 1\n2001:db8:2ff::/48\n200 OK\n400 column 22: expected a prefix of length 48, found \"2001:db8:2ff::/49\""),
        Case("subnetprefix", "pop subnetprefix add 2001:db8:4000::/48\npop subnetprefix list", "200 OK\n201 2\n2001:db8:3000::/40\n2001:db8:4000::/48\n200 OK"),
        Case("subnetprefix that overlaps", "pop subnetprefix add 2001:db8:3005::/48", "400 expected a prefix that overlaps no other, found 2001:db8:3005::/48 and 2001:db8:3000::/40"),
        Case("show status", "pop show status", "201 5\ndirect 1 0 2\nayiya 0 0 1\nheartbeat 0 0 0\ndynamic 0 0 0\ntotal 1 0 3\n200 OK"),
        Case("show pops", "pop show pops", "201 2\n1 chtst01 192.0.2.42 2001:db8::42\n2 detst01 198.51.100.1 2001:db8::2 0 0 -1 -1 -1 -1 0 0 -1 -1 -1 -1\n200 OK"),
        Case("show version", "pop show version", "200 sixxsd \(Release.version)"),
        Case("show threads", "pop show threads", "201 2\nworker 0 received 0 forwarded 0 answered 0 consumed 0 dropped 0\napplied 0\n200 OK"),
        Case("saveconfig", "pop saveconfig", "200 configuration saved"),
        Case("shutdown", "pop shutdown", "200 shutting down"),
        Case("shutdown, too much", "pop shutdown now", "400 column 14: expected end of line, found \"now\""),
    ]

    // swift-format-ignore
    static let tunnels = [
        Case("list", "tunnel list", "201 3\nT4141 2001:db8:2ff::2 203.0.113.10 up direct 1480 0\nT5072 2001:db8:2ff:1::2 - down ayiya 1428 0\nT84823 2001:db8:2ff:666::2 198.18.1.1 disabled direct 1280 0\n200 OK"),
        Case("list all", "tunnel list ALL now", "400 column 17: expected end of line, found \"now\""),
        Case("list erroronly", "tunnel list erroronly", "201 0\n200 OK"),
        Case("list debugonly", "tunnel list debugonly", "201 0\n200 OK"),
        Case("list by error", "tunnel list err=Clock Off", "201 0\n200 OK"),
        Case("list by nothing", "tunnel list err=Nothing", "400 column 13: expected all, debugonly, erroronly or err=<name of an error>, found \"err=Nothing\""),
        Case("stats", "tunnel stats", "201 2\ntotal 0 0 0 0\nuplink 0 0 0 0\n200 OK"),
        Case("stats RESET", "tunnel stats RESET\ntunnel stats again", "201 2\ntotal 0 0 0 0\nuplink 0 0 0 0\n200 OK\n400 column 14: expected reset, found \"again\""),
        Case("get outer_endpoint", "tunnel get outer_endpoint T4141\ntunnel get outer_endpoint 1\ntunnel get outer_endpoint 2001:db8:2ff:8000::1", "200 203.0.113.10\n404 where the end of T5072 is, is not known yet\n200 203.0.113.10"),
        Case("get errorpacket", "tunnel get errorpacket 0 Clock Off\ntunnel get errorpacket 0 Clock", "404 T4141 has had no error \"Clock Off\"\n400 column 26: expected the name of an error, as tunnel show prints it, found \"Clock\""),
        Case("set config", "tunnel set config 5 T5 192.0.2.5 up 1400\ntunnel get outer_endpoint T5", "200 OK\n200 192.0.2.5"),
        Case("set config, twice the number", "tunnel set config 5 T5072 192.0.2.5 up 1400", "400 expected a tunnel number that is used once, found T5072 for tid 1 too"),
        Case("set config, MTU", "tunnel set config 5 T5 192.0.2.5 up 1500", "400 column 37: expected an MTU, 1280 to 1480, found \"1500\""),
        Case("set config, no password", "tunnel set config 5 T5 ayiya up 1400", "400 column 37: expected a password of 1 to 132 octets, found end of line"),
        Case("set config, two passwords", "tunnel set config 1 T5072 ayiya up 1428 new old until 2027-01-31T12:00:00Z\ntunnel set config 1 T5072 ayiya up 1428 new old until 1801396800", "200 OK\n304 nothing to change"),
        Case("set config, two passwords, no time", "tunnel set config 1 T5072 ayiya up 1428 new old until", "400 column 54: expected a time, in seconds since 1970 or as in 2027-01-31T12:00:00Z, found end of line"),
        Case("set remote", "tunnel set remote T4141 203.0.113.99\ntunnel get outer_endpoint 0", "200 T4141 has its end at 203.0.113.99\n200 203.0.113.99"),
        Case("set remote of a dynamic one", "tunnel set remote T5072 203.0.113.99", "400 column 25: expected a static tunnel, since beats move a dynamic one, found T5072"),
        Case("set remote, own prefix", "tunnel set remote T4141 2001:db8:2ff:5::1", "400 expected a remote end outside the PoP's own prefixes, found 2001:db8:2ff:5::1"),
        Case("set remote, the PoP's own address", "tunnel set remote T4141 192.0.2.42", "400 expected a remote end other than a PoP's own address, found 192.0.2.42 of chtst01"),
        Case("set details, all nodes", "pop set details 2 detst01 192.0.2.2 ff02::1", "400 expected the address of one host, found ff02::1"),
        Case("subnetprefix of links", "pop subnetprefix add fe80::/48", "400 expected a prefix of unicast addresses that can be routed, found fe80::/48"),
        Case("set remote of nobody", "tunnel set remote T9 203.0.113.99", "404 no tunnel \"T9\""),
        Case("set debug", "tunnel set debug T4141 on\ntunnel list debugonly\ntunnel set debug 0 on\ntunnel set debug 0 off\ntunnel set debug 0 off\ntunnel set debug 0 x", "200 debugging of T4141 is on\n201 1\nT4141 2001:db8:2ff::2 203.0.113.10 up direct 1480 0\n200 OK\n304 debugging of T4141 is on already\n200 debugging of T4141 is off\n304 debugging of T4141 is off already\n400 column 20: expected on or off, found \"x\""),
        Case("reseterrors", "tunnel reseterrors all\ntunnel reseterrors T4141\ntunnel reseterrors T9\ntunnel reseterrors", "200 errors of 3 tunnels and of the uplink reset\n200 errors of T4141 reset\n404 no tunnel \"T9\"\n400 column 19: expected a tunnel: T<n>, a tid or an address that routes to it, found end of line"),
        Case("reseterrors of the uplink", "tunnel reseterrors uplink", "200 errors of uplink reset"),
        Case("get errorpacket of the uplink", "tunnel get errorpacket UPLINK packet over uplink\ntunnel get errorpacket uplink", "404 uplink has had no error \"Packet over uplink\"\n400 column 30: expected the name of an error, as tunnel show prints it, found end of line"),
        Case("get outer_endpoint of the uplink", "tunnel get outer_endpoint uplink", "404 no tunnel \"uplink\""),
        Case("a tid as show prints it", "tunnel get outer_endpoint 0x0", "200 203.0.113.10"),
        Case("show nobody", "tunnel show 7\ntunnel show 2001:db8::1", "404 no tunnel \"7\"\n404 no tunnel \"2001:db8::1\""),
        Case("subnet set config", "subnet set config 2001:db8:3002::/48 0 static\nsubnet set config 2001:db8:3002::/48 9 static", "200 OK\n400 expected a tunnel that is configured, found tid 9"),
        Case("subnet set config, wrong", "subnet\nset config 2001:db8:3002::/48 0 dynamic", "200 /subnet\n400 column 33: expected static, found \"dynamic\""),
    ]

    private static let zeros = String(repeating: "0", count: 64)

    // swift-format-ignore
    static let others = [
        Case("config rollback", "config rollback", "404 nothing to roll back: the running configuration is confirmed"),
        Case("config confirm", "config confirm 5\nconfig confirm", "404 generation 5 is not waiting for confirmation\n400 column 15: expected a generation, 0 to 2147483647, found end of line"),
        Case("config push without a length", "config push 5\npop show version", "400 column 14: expected a length in octets, 0 to 4194304, found end of line"),
        Case("config patch without a length", "config patch", "400 column 13: expected a length in octets, 0 to 262144, found end of line"),
        Case("config patch too long", "config patch 262145 \(zeros) from \(zeros) to \(zeros)\npop show version", "400 column 14: expected a length in octets, 0 to 262144, found \"262145\""),
        Case("config patch of nothing", "config patch 1 \(zeros) to \(zeros)", "400 column 81: expected from, found \"to\""),
        Case("config patch to nothing", "config patch 1 \(zeros) from \(zeros) to x", "400 column 154: expected a SHA-256 of 64 hexadecimal digits, found \"x\""),
        Case("config patch, too much", "config patch 1 \(zeros) from \(zeros) to \(zeros) force now", "400 column 225: expected end of line, found \"now\""),
        Case("config diff without a length", "config diff", "400 column 12: expected a length in octets, 0 to 4194304, found end of line"),
        Case("explain", "explain 600000000000\nexplain 6\nexplain", "201 2\ncame from the uplink, 6 octets\ndropped: malformedPacket\n200 OK\n400 column 9: expected a packet as hexadecimal digits, found \"6\"\n400 column 8: expected a packet as hexadecimal digits, found end of line"),
        Case("trace", "trace T9\ntrace T4141 packets 0\ntrace T4141 forever", "404 no tunnel \"T9\"\n400 column 21: expected a number of packets, 1 to 100000, found \"0\"\n400 column 13: expected packets, seconds, octets or --json, found \"forever\""),
    ]

    private static let kinds = """
        Encap.Pkt Too Big · Disabled tunnel · Clock Off · Encap.Pkt Send Error · Same In&Out Interface · \
        Wrong Source IPv6 · Wrong Source IPv4 · Packet over uplink · Non-IPv6 Payload · Non-IPv4 Payload · \
        AYIYA Hash Fail · AYIYA-non-AYIYA · AYIYA Invalid Forward · Heartbeat Hash Fail · HB-non-HB · \
        HB Missing sender · HB Sender Mismatch · HB Missing Time · ICMPv4 Errors Received · \
        ICMPv4 Echo Req. Recv. · Wrong Payload · AYIYA Replay · HB Replay
        """.components(separatedBy: " · ")

    /// What `tunnel show` prints, line for line: names, widths and order are what scripts of operators read.
    static func layout(_ values: [(String, String)], errors: [String: Int] = [:]) -> [String] {
        let rows = values + Self.kinds.map { ($0, "\(errors[$0] ?? 0)") }
        return rows.map { $0.0.padding(toLength: 24, withPad: " ", startingAt: 0) + ": " + $0.1 }
    }

    private static let silence = [
        ("Packets in", "0"), ("Packets out", "0"), ("Octets in", "0"), ("Octets out", "0"),
        ("Last packet in", "never"), ("Last packet out", "never"),
    ]

    @Test func showsAStaticTunnelInTheLayoutOfScripts() async throws {
        let bench = try await Bench()
        defer { bench.remove() }

        let lines = try await bench.answers("tunnel show T4141").split(separator: "\n").map(String.init)

        let values = [
            ("Tunnel ID", "T4141"), ("TID", "0x0"), ("Tunnel Debugging", "off"),
            ("Inner Us", "2001:db8:2ff::1"), ("Inner Them", "2001:db8:2ff::2"), ("Outer Us", "192.0.2.42"),
            ("Outer Them", "203.0.113.10"), ("MTU", "1480"), ("Tunnel State", "up"),
            ("Tunnel Type", "direct"), ("Dynamic Tunnel", "no"), ("Last Heartbeat", "never"),
        ]
        let text =
            Self.layout(values + Self.silence + [("Latency", "none (0 sent)")])
            + [
                "Path MTU                : -", "Encapsulation           : proto41",
                "Fast Path               : off",
            ]
        #expect(lines == ["201 \(text.count)"] + text + ["200 OK"])
    }

    @Test func showsADynamicTunnelInTheLayoutOfScripts() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        try await bench.beat()

        let lines = try await bench.answers("tunnel show T5072\ntunnel list")
            .split(separator: "\n").map(String.init)

        let beaten = try #require(lines.first { $0.hasPrefix("Last Heartbeat") }?.dropFirst(26))
        let values = [
            ("Tunnel ID", "T5072"), ("TID", "0x1"), ("Tunnel Debugging", "off"),
            ("Inner Us", "2001:db8:2ff:1::1"), ("Inner Them", "2001:db8:2ff:1::2"),
            ("Outer Us", "192.0.2.42"), ("Outer Them", "198.51.100.7"), ("MTU", "1428"),
            ("Tunnel State", "up"), ("Tunnel Type", "ayiya"), ("Dynamic Tunnel", "yes"),
            ("AYIYA Identity", "2001:db8:2ff:1::2"), ("AYIYA Hash", "SHA-1"), ("AYIYA Password", "set"),
            ("AYIYA Old Password", "none"), ("AYIYA Port Us", "5072"), ("AYIYA Port Them", "40000"),
            ("Last Heartbeat", String(beaten)),
        ]
        let text =
            Self.layout(values + Self.silence + [("Latency", "none (0 sent)")])
            + [
                "Path MTU                : -", "Encapsulation           : ayiya",
                "Fast Path               : off",
            ]
        #expect(Array(lines.prefix(text.count + 2)) == ["201 \(text.count)"] + text + ["200 OK"])
        #expect(beaten.contains("T") && beaten.hasSuffix("Z"))
        #expect(lines.contains("T5072 2001:db8:2ff:1::2 198.51.100.7 up ayiya 1428 0"))
    }

    @Test func showsTheErrorsThatAreNoTunnels() async throws {
        let bench = try await Bench()
        defer { bench.remove() }
        try await bench.fail(count: 2)

        let lines = try await bench.answers("tunnel show uplink").split(separator: "\n").map(String.init)
        let values = [
            ("Tunnel ID", "uplink"), ("Inner Us", "2001:db8:2ff:ffff::1"), ("Outer Us", "192.0.2.42"),
            ("MTU", "1500"), ("Tunnel State", "up"), ("Tunnel Type", "uplink"),
        ]
        let text = Self.layout(values + Self.silence, errors: ["Encap.Pkt Send Error": 2])
        #expect(lines == ["201 \(text.count)"] + text + ["200 OK"])

        let line = "uplink 2001:db8:2ff:ffff::1 - up uplink 1500 2"
        for filter in ["", "all", "erroronly", "err=Encap.Pkt Send Error"] {
            let listed = try await bench.answers("tunnel list \(filter)").split(separator: "\n")
            #expect(listed.dropLast().last ?? "" == line, "\(filter)")
        }
        for filter in ["debugonly", "err=Clock Off"] {
            #expect(try await !bench.answers("tunnel list \(filter)").contains("uplink"), "\(filter)")
        }
        let packet = try await bench.answers("tunnel get errorpacket uplink encap.pkt send error")
        #expect(packet.hasPrefix("201 2\nEncap.Pkt Send Error: 2 times, last "))
        #expect(packet.contains(" from 198.51.100.9, 3 octets, the first 3:\n60 01 02\n200 OK"))
        #expect(try await bench.uplinkErrorsOfReport() == ["Encap.Pkt Send Error": 2])

        _ = try await bench.answers("tunnel reseterrors uplink")
        #expect(try await bench.answers("tunnel list erroronly") == "201 0\n200 OK")
        #expect(try await bench.uplinkErrorsOfReport() == [:])
    }

    @Test(arguments: menus + pop + tunnels + others)
    func asWritten(_ example: Case) async throws {
        let bench = try await Bench()
        defer { bench.remove() }

        let answer = try await bench.answers(example.asked)

        #expect(answer == example.answer)
    }

    @Test(arguments: [Menu.top])
    func everyCommandHasHelp(_ top: Menu) async throws {
        let bench = try await Bench()
        defer { bench.remove() }

        let full = try await bench.answers("fullhelp").split(separator: "\n")

        for line in ["pop cliacl add", "tunnel get errorpacket", "config diff", "trace", "tunnel set remote"]
        {
            #expect(full.contains { $0.hasPrefix(line) }, "\(line)")
        }
        let help = try await bench.answers("help")
        #expect(help.contains("pop: this PoP and the others"))
    }

    @Test(arguments: [
        "pop show info", "pop show hostinfo", "pop show timeinfo", "pop report", "tunnel show T5072",
    ])
    func severalLinesWithoutPasswords(_ line: String) async throws {
        let bench = try await Bench()
        defer { bench.remove() }

        let answer = try await bench.answers(line)

        #expect(answer.hasPrefix("201 ") && answer.hasSuffix("\n200 OK"))
        #expect(!answer.contains("f3d47c2de"))
    }

    @Test func strangersMayNotEndTheDaemon() async throws {
        let bench = try await Bench()
        defer { bench.remove() }

        #expect(
            try await bench.answers("pop shutdown", as: .network)
                == "401 only the host itself may end the daemon"
        )
    }

    @Test func verbosityChangesWhatIsLogged() async throws {
        let bench = try await Bench()
        defer { bench.remove() }

        _ = try await bench.answers("pop set verbosity on")
        #expect(bench.levels.level == .debug)
        _ = try await bench.answers("pop set debug on")
        #expect(bench.levels.level == .trace)
        _ = try await bench.answers("pop set debug off\npop set verbosity off")
        #expect(bench.levels.level == .info)
    }
}

@Suite("What a centre knows of a report")
struct ReportWordTests {
    @Test func areAllKindsOfErrors() {
        #expect(PoPReport.errorKinds == ErrorKind.allCases.map(\.name))
        #expect(PoPReport.errorKinds.count <= 64)
    }
}
