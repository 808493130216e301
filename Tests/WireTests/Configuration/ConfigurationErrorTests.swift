import TestSupport
import Testing
import Wire

@Suite("A wrong configuration") struct ConfigurationErrorTests {
    struct Place: Hashable, Sendable {
        let line: Int
        let column: Int
        let expected: String
        let found: String

        init(_ line: Int, _ column: Int, _ expected: String, _ found: String) {
            self.line = line
            self.column = column
            self.expected = expected
            self.found = found
        }
    }

    /// What precedes a line under test, so that it stands on line 2.
    static let prefix = "pop tunnelprefix add 2001:db8:2ff::/48\n"

    // swift-format-ignore
    static let lines: [Row<String, Place>] = [
        Row("unknown at the top",    "frobnicate",                                     is: Place(2, 1, "a menu", "\"frobnicate\"")),
        Row("unknown in a menu",     "pop frobnicate",                                 is: Place(2, 5, "a menu", "\"frobnicate\"")),
        Row("unknown, indented",     "\t pop  set\tfoo 1",                             is: Place(2, 12, "", "\"foo\"")),
        Row("end at the top",        "end",                                            is: Place(2, 1, "a menu, since none is open", "\"end\"")),
        Row("command of a session",  "pop show status",                                is: Place(2, 1, "a configuration command", "\"pop show status\"")),
        Row("help",                  "help",                                           is: Place(2, 1, "a configuration command", "\"help\"")),
        Row("NUL",                   "pop set id 1\0",                                 is: Place(2, 1, "UTF-8 text", "other octets")),
        Row("PoP id missing",        "pop set id",                                     is: Place(2, 11, "a PoP id, 0 to 4095", "end of line")),
        Row("PoP id too large",      "pop set id 4096",                                is: Place(2, 12, "a PoP id, 0 to 4095", "\"4096\"")),
        Row("PoP id negative",       "pop set id -1",                                  is: Place(2, 12, "a PoP id, 0 to 4095", "\"-1\"")),
        Row("PoP id with a sign",    "pop set id +1",                                  is: Place(2, 12, "a PoP id, 0 to 4095", "\"+1\"")),
        Row("PoP id without end",    "pop set id 99999999999999999999",                is: Place(2, 12, "a PoP id, 0 to 4095", "\"99999999999999999999\"")),
        Row("PoP id without details", "pop set id 7",                                  is: Place(2, 12, "details of PoP 7", "none")),
        Row("words after the end",   "pop set id 1 2",                                 is: Place(2, 14, "end of line", "\"2\"")),
        Row("PoP name",              "pop set details 1 a_b 192.0.2.1 ::1",            is: Place(2, 19, "a PoP name of letters, digits and hyphens", "\"a_b\"")),
        Row("PoP address",           "pop set details 1 a 2001:db8::1 ::1",            is: Place(2, 21, "an IPv4 address", "\"2001:db8::1\"")),
        Row("PoP IPv6 missing",      "pop set details 1 a 192.0.2.1",                  is: Place(2, 30, "an IPv6 address", "end of line")),
        Row("PoP at no address",     "pop set details 1 a 0.0.0.0 2001:db8::1",        is: Place(2, 17, "the address of one host", "0.0.0.0")),
        Row("PoP at loopback",       "pop set details 1 a 127.0.0.1 2001:db8::1",      is: Place(2, 17, "the address of one host", "127.0.0.1")),
        Row("PoP at a group",        "pop set details 1 a 224.0.0.5 2001:db8::1",      is: Place(2, 17, "the address of one host", "224.0.0.5")),
        Row("PoP at all nodes",      "pop set details 1 a 192.0.2.1 ff02::1",          is: Place(2, 17, "the address of one host", "ff02::1")),
        Row("PoP on one link",       "pop set details 1 a 192.0.2.1 fe80::7",          is: Place(2, 17, "the address of one host", "fe80::7")),
        Row("PoP inside its prefix", "pop set details 1 a 192.0.2.1 2001:db8:2ff::1",  is: Place(1, 22, "a prefix that holds no PoP's own address", "2001:db8:2ff::/48 with 2001:db8:2ff::1 of a")),
        Row("beat timeout 0",        "pop set beat-timeout 0",                         is: Place(2, 22, "seconds, 1 to 86400", "\"0\"")),
        Row("beat timeout too long", "pop set beat-timeout 86401",                     is: Place(2, 22, "seconds, 1 to 86400", "\"86401\"")),
        Row("ICMP rate",             "pop set icmp-rate 1 2",                          is: Place(2, 22, "", "end of line")),
        Row("path MTU mode",         "pop set path-mtu auto",                          is: Place(2, 18, "dynamic or static", "\"auto\"")),
        Row("switch",                "pop set debug yes",                              is: Place(2, 15, "on or off", "\"yes\"")),
        Row("tunnel prefix /40",     "pop tunnelprefix add 2001:db8::/40",             is: Place(2, 22, "a prefix of length 48", "\"2001:db8::/40\"")),
        Row("tunnel prefix again",   "pop tunnelprefix add 2001:db8:1::/48",           is: Place(2, 22, "a tunnel prefix once", "it again (first on line 1)")),
        Row("subnet prefix /44",     "pop subnetprefix add 2001:db8::/44",             is: Place(2, 22, "a prefix of length 40 or 48", "\"2001:db8::/44\"")),
        Row("prefix with loopback",  "pop subnetprefix add ::/40",                     is: Place(2, 22, "a prefix of unicast addresses that can be routed", "::/40")),
        Row("prefix of a link",      "pop subnetprefix add fe80::/48",                 is: Place(2, 22, "a prefix of unicast addresses that can be routed", "fe80::/48")),
        Row("prefix of groups",      "pop subnetprefix add ff00::/48",                 is: Place(2, 22, "a prefix of unicast addresses that can be routed", "ff00::/48")),
        Row("stray bits",            "pop subnetprefix add 2001:db8:1::/40",           is: Place(2, 22, "a prefix without bits beyond its length, 2001:db8::/40", "\"2001:db8:1::/40\"")),
        Row("overlapping prefixes",  "pop subnetprefix add 2001:db8:200::/40",         is: Place(2, 22, "a prefix that overlaps no other", "2001:db8:200::/40 and 2001:db8:2ff::/48")),
        Row("access list",           "pop cliacl add localhost",                       is: Place(2, 16, "an address or a block such as 192.0.2.0/24", "\"localhost\"")),
        Row("tid too large",         "tunnel set config 2000 T1 192.0.2.1 up 1280",    is: Place(2, 19, "a tid, hexadecimal, 0 to 1fff", "\"2000\"")),
        Row("tid not hexadecimal",   "tunnel set config g T1 192.0.2.1 up 1280",       is: Place(2, 19, "a tid, hexadecimal, 0 to 1fff", "\"g\"")),
        Row("tunnel number bare",    "tunnel set config 1 1 192.0.2.1 up 1280",        is: Place(2, 21, "a tunnel number such as T5072", "\"1\"")),
        Row("tunnel number 0",       "tunnel set config 1 T0 192.0.2.1 up 1280",       is: Place(2, 21, "a tunnel number such as T5072", "\"T0\"")),
        Row("remote end",            "tunnel set config 1 T1 somewhere up 1280",       is: Place(2, 24, "the address of the remote end, or ayiya, heartbeat or dynamic", "\"somewhere\"")),
        Row("remote end unreachable", "tunnel set config 1 T1 127.0.0.1 up 1280",      is: Place(2, 24, "the address of the remote end, or ayiya, heartbeat or dynamic", "\"127.0.0.1\"")),
        Row("remote end of ours",    "tunnel set config 1 T1 2001:db8:2ff::7 up 1280", is: Place(2, 19, "a remote end outside the PoP's own prefixes", "2001:db8:2ff::7")),
        Row("state",                 "tunnel set config 1 T1 192.0.2.1 on 1280",       is: Place(2, 34, "up or disabled", "\"on\"")),
        Row("MTU too small",         "tunnel set config 1 T1 192.0.2.1 up 1279",       is: Place(2, 37, "an MTU, 1280 to 1480", "\"1279\"")),
        Row("MTU too large",         "tunnel set config 1 T1 192.0.2.1 up 1481",       is: Place(2, 37, "an MTU, 1280 to 1480", "\"1481\"")),
        Row("password missing",      "tunnel set config 1 T1 ayiya up 1280",           is: Place(2, 37, "a password of 1 to 132 octets", "end of line")),
        Row("password too long",     "tunnel set config 1 T1 ayiya up 1280 \(String(repeating: "p", count: 133))",
                                                                                       is: Place(2, 38, "a password of 1 to 132 octets", "133 octets")),
        Row("subnet /64",            "subnet set config 2001:db8::/64 1 static",       is: Place(2, 19, "a prefix of length 48 or 56", "\"2001:db8::/64\"")),
        Row("subnet type",           "subnet set config 2001:db8::/48 1 bgp",          is: Place(2, 35, "static", "\"bgp\"")),
        Row("subnet elsewhere",      "subnet set config 2001:db8::/48 1 static",       is: Place(2, 19, "a /48 of a /40, or a /56 of a /48, among the subnet prefixes", "2001:db8::/48")),
    ]

    @Test(arguments: Self.lines)
    func isRefusedWithItsPlace(_ row: Row<String, Place>) {
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationTests.load(Self.prefix + row.input + "\n")
        }

        #expect(error?.file == "pop.conf")
        #expect(error?.line == row.output.line)
        #expect(error?.column == row.output.column)
        #expect(error?.expected.hasPrefix(row.output.expected) == true, "\(error?.expected ?? "")")
        #expect(error?.found == row.output.found)
    }

    // swift-format-ignore
    static let texts: [Row<String, Place>] = [
        Row("menu left open",         "pop\nset\nend\n",                              is: Place(4, 1, "\"end\" of menu /pop", "the end of the text")),
        Row("menu open at once",      "tunnel",                                       is: Place(1, 1, "\"end\" of menu /tunnel", "the end of the text")),
        Row("one end too many",       "pop\nend\nend\n",                              is: Place(3, 1, "a menu, since none is open", "\"end\"")),
        Row("menu of another level",  "pop\ntunnel\n",                                is: Place(2, 1, "a command of menu /pop", "\"tunnel\": is \"end\" missing above?")),
        Row("a mistyped command",     "pop\ntunelprefix add 2001:db8::/48\n",         is: Place(2, 1, "a command of menu /pop", "\"tunelprefix\": did you mean \"tunnelprefix\"?")),
        Row("without tunnel prefix",  "tunnel set config 1 T1 192.0.2.1 up 1280",     is: Place(1, 19, "a tunnel prefix", "none")),
        Row("tid twice",
            prefix + "tunnel set config a T1 192.0.2.1 up 1280\ntunnel set config 0A T2 192.0.2.2 up 1280",
                                                                                      is: Place(3, 19, "tid a once", "it again (first on line 2)")),
        Row("tunnel number twice",
            prefix + "tunnel set config 1 T1 192.0.2.1 up 1280\ntunnel set config 2 T1 192.0.2.2 up 1280",
                                                                                      is: Place(3, 19, "a tunnel number that is used once", "T1 for tid 1 too")),
        Row("PoP as a remote end",
            prefix + "pop set details 1 a 192.0.2.1 2001:db8::1\ntunnel set config 1 T1 192.0.2.1 up 1280",
                                                                                      is: Place(3, 19, "a remote end other than a PoP's own address", "192.0.2.1 of a")),
        Row("another PoP as a remote end, over IPv6",
            prefix + "pop set details 2 b 192.0.2.2 2001:db8::2\ntunnel set config 1 T1 2001:db8::2 up 1280",
                                                                                      is: Place(3, 19, "a remote end other than a PoP's own address", "2001:db8::2 of b")),
        Row("PoP twice",
            "pop set details 1 a 192.0.2.1 ::1\npop set details 1 b 192.0.2.2 ::2",   is: Place(2, 17, "PoP 1 once", "it again (first on line 1)")),
        Row("PoP id twice",
            "pop set details 1 a 192.0.2.1 2001:db8::1\npop set id 1\npop set id 1",  is: Place(3, 12, "the PoP id once", "it again (first on line 2)")),
        Row("subnet prefix twice",
            "pop subnetprefix add 2001:db8::/40\npop subnetprefix add 2001:db8::/40", is: Place(2, 22, "subnet prefix 2001:db8::/40 once", "it again (first on line 1)")),
        Row("subnet of no tunnel",
            "pop subnetprefix add 2001:db8::/40\nsubnet set config 2001:db8:1::/48 1 static",
                                                                                      is: Place(2, 35, "a tunnel that is configured", "tid 1")),
        Row("subnet of the wrong size",
            "pop subnetprefix add 2001:db8::/48\nsubnet set config 2001:db8::/48 1 static",
                                                                                      is: Place(2, 19, "a /48 of a /40, or a /56 of a /48, among the subnet prefixes", "2001:db8::/48")),
    ]

    @Test(arguments: Self.texts)
    func isRefusedAsAWhole(_ row: Row<String, Place>) {
        let error = #expect(throws: ConfigurationError.self) { try ConfigurationTests.load(row.input) }

        let place = error.map { Place($0.line, $0.column, $0.expected, $0.found) }
        #expect(place == row.output)
    }

    // swift-format-ignore
    static let lengthy: [Row<String, Int?>] = [
        Row("as many empty lines as can be", String(repeating: "\n", count: Configuration.maximumLineCount - 1), is: nil),
        Row("one more",                      String(repeating: "\n", count: Configuration.maximumLineCount),     is: Configuration.maximumLineCount + 1),
        Row("4 MiB of line ends",            String(repeating: "\n", count: 4 << 20),                            is: Configuration.maximumLineCount + 1),
        Row("4 MiB of comments",             String(repeating: "#\n", count: 2 << 20),                           is: Configuration.maximumLineCount + 1),
        Row("4 MiB of menus",                String(repeating: "pop\nend\n", count: 1 << 19),                    is: Configuration.maximumLineCount + 1),
        Row("a line of 4 MiB",               String(repeating: "#", count: 4 << 20),                             is: 1),
    ]

    @Test(arguments: Self.lengthy)
    func ofTooManyLinesIsRefused(_ row: Row<String, Int?>) {
        let octets = Array(row.input.utf8)
        var line: Int?
        let time = ContinuousClock().measure {
            do throws(ConfigurationError) { _ = try Configuration(parsing: octets, file: "push") } catch {
                line = error.line
            }
        }

        #expect(line == row.output)
        // A tenth of a second on an idle machine without optimization; the square of the length would be minutes.
        #expect(time < .seconds(20))
    }

    @Test func ofOtherOctetsThanUTF8IsRefused() {
        let octets = Array("pop set id 1\n# ".utf8) + [0xff]

        let error = #expect(throws: ConfigurationError.self) {
            try Configuration(parsing: octets, file: "push")
        }

        #expect(error?.description == "push:2:1: expected UTF-8 text, found other octets")
    }

    static let withSecret = [
        "tunnel set config 1 T1 ayiya up 1280 \(String(repeating: "hemlig", count: 40))",
        "tunnel set config 1 T1 ayiya up 1280 hem\u{7f}lig",
        "tunnel set config 1 T1 ayiya up 1280 lösen hemlig",
        "tunnel set config 1 T1 ayiya up hemlig",
        "tunnel set config 1 T1 ayiya up 1280 x hemlig",
        "tunnel set config 1 T1 192.0.2.1 up 1280 lösen hemlig",
    ]

    @Test func isRefusedWithoutRepeatingAPassword() {
        for line in Self.withSecret {
            let error = #expect(throws: ConfigurationError.self) {
                try ConfigurationTests.load(Self.prefix + line)
            }
            #expect(error?.description.contains("hemlig") == false, "\(line)")
        }
    }

    @Test(arguments: ["pop\nend garbage", "pop\n.. garbage", "pop\n/ garbage"])
    func isRefusedForWordsAfterTheEndOfAMenu(_ text: String) {
        let error = #expect(throws: ConfigurationError.self) { try ConfigurationTests.load(text) }
        #expect(error?.line == 2)
    }
}
