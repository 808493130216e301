import TestSupport
import Testing
import Wire

@Suite("A configuration") struct ConfigurationTests {
    /// The example of the specification: a file from an existing PoP.
    static let example = """
        pop
        \tset
        \t\tdetails 1 chtst01 192.0.2.42 2001:db8::42
        \t\tid 1
        \tend
        \ttunnelprefix add 2001:db8:2ff::/48
        \tsubnetprefix add 2001:db8:3000::/40
        \tcliacl
        \t\treset
        \t\tadd ::1
        \t\tadd 127.0.0.1
        \tend
        end
        tunnel
        \tset
        \t\tconfig 0 T4141 172.16.1.1 up 1480
        \t\tconfig 1 T5072 ayiya up 1428 f3d47c2de40fb698e1ab15d757a09bfc
        \t\tconfig 2 T3740 heartbeat up 1280 91915d757a09bfc94d5028832d85cc0d
        \t\tconfig 666 T84823 198.18.1.1 disabled 1280
        \tend
        end
        subnet
        \tset
        \t\tconfig 2001:db8:3001::/48 1 static
        \tend
        end
        pop saveconfig

        """

    static func load(_ text: String) throws(ConfigurationError) -> Configuration {
        try Configuration(parsing: text, file: "pop.conf")
    }

    static func tunnel(
        _ tid: UInt16,
        _ number: UInt32,
        _ remote: RemoteEnd,
        _ state: AdministrativeState = .up,
        mtu: Int,
        password: String? = nil
    ) throws -> TunnelSettings {
        TunnelSettings(
            tid: try #require(TID(rawValue: tid)),
            number: try #require(TunnelNumber(rawValue: number)),
            remote: remote,
            state: state,
            mtu: mtu,
            password: password.map { TunnelPassword($0) }
        )
    }

    private static func expectedExample() throws -> Configuration {
        var pop = PoPSettings()
        pop.id = 1
        pop.pops = [
            PoPDetails(
                id: 1,
                name: "chtst01",
                ipv4: IPv4Address(192, 0, 2, 42),
                ipv6: try IPv6Address(parsing: "2001:db8::42")
            )
        ]
        pop.tunnelPrefix = try IPv6Prefix(parsing: "2001:db8:2ff::/48")
        pop.subnetPrefixes = [try IPv6Prefix(parsing: "2001:db8:3000::/40")]
        pop.controlACL = [try AddressBlock(parsing: "::1"), try AddressBlock(parsing: "127.0.0.1")]
        let passwords = ("f3d47c2de40fb698e1ab15d757a09bfc", "91915d757a09bfc94d5028832d85cc0d")
        let tunnels = [
            try Self.tunnel(0, 4141, .fixed(.ipv4(IPv4Address(172, 16, 1, 1))), mtu: 1480),
            try Self.tunnel(1, 5072, .dynamic(.ayiya), mtu: 1428, password: passwords.0),
            try Self.tunnel(2, 3740, .dynamic(.heartbeat), mtu: 1280, password: passwords.1),
            try Self.tunnel(0x666, 84823, .fixed(.ipv4(IPv4Address(198, 18, 1, 1))), .disabled, mtu: 1280),
        ]
        let subnet = SubnetSettings(
            prefix: try IPv6Prefix(parsing: "2001:db8:3001::/48"),
            tid: try #require(TID(rawValue: 1))
        )
        return Configuration(pop: pop, tunnels: tunnels, subnets: [subnet])
    }

    @Test func ofAnExistingPoPLoadsUnchanged() throws {
        #expect(try Self.load(Self.example) == Self.expectedExample())
    }

    // swift-format-ignore
    static let sameMeaning: [Row<String, String>] = [
        Row("CRLF",                   example.replacing("\n", with: "\r\n"),       is: example),
        Row("no end of line at last", String(example.dropLast()),                  is: example),
        Row("blanks for tabs",        example.replacing("\t", with: "    "),       is: example),
        Row("no indentation",         example.replacing("\t", with: ""),           is: example),
        Row("blanks at the ends",     example.replacing("\n", with: " \t \n"),     is: example),
        Row("several blanks",         example.replacing(" ", with: "  \t"),        is: example),
        Row("blank lines",            example.replacing("\n", with: "\n\n \t\n"),  is: example),
        Row("comments",               example.replacing("\n", with: "\n# end end\n\t// pop\n#\n//\n"), is: example),
        Row("upper case keywords",    example.replacing("pop\n", with: "POP\n").replacing("end", with: "EnD")
            .replacing("config", with: "CONFIG").replacing("up", with: "Up").replacing("static", with: "STATIC")
            .replacing("ayiya", with: "AYIYA"),                                    is: example),
        Row("upper case addresses",   example.replacing("2001:db8", with: "2001:0DB8"), is: example),
        Row("full paths",             fullPaths,                                   is: example),
        Row("slash to the top",       example.replacing("\tend\nend", with: "/"),  is: example),
        Row("dots for end",           example.replacing("end", with: ".."),        is: example),
    ]

    private static let fullPaths = """
        pop set details 1 chtst01 192.0.2.42 2001:db8::42
        pop set id 1
        pop tunnelprefix add 2001:db8:2ff::/48
        pop subnetprefix add 2001:db8:3000::/40
        pop cliacl reset
        pop cliacl add ::1
        pop cliacl add 127.0.0.1
        tunnel set config 0 T4141 172.16.1.1 up 1480
        tunnel set config 1 T5072 ayiya up 1428 f3d47c2de40fb698e1ab15d757a09bfc
        tunnel set
        config 2 T3740 heartbeat up 1280 91915d757a09bfc94d5028832d85cc0d
        config 666 T84823 198.18.1.1 disabled 1280
        end
        end
        subnet set config 2001:db8:3001::/48 1 static
        """

    @Test(arguments: Self.sameMeaning)
    func mayBeWrittenInOtherWays(_ row: Row<String, String>) throws {
        #expect(try Self.load(row.input) == Self.load(row.output))
    }

    @Test(arguments: ["", "\n", "\r\n", "# nothing", "pop\nend"])
    func mayBeEmpty(_ text: String) throws {
        #expect(try Self.load(text) == Configuration())
    }

    @Test func takesPasswordsLiterally() throws {
        let odd = "#//\\\"'pässwörd"
        let text = "pop tunnelprefix add 2001:db8::/48\ntunnel set config 1 T1 ayiya up 1280 \(odd)"

        #expect(try Self.load(text).tunnels.first?.password == TunnelPassword(odd))
    }

    @Test func keepsTheOrderInWhichTheAccessListWasGiven() throws {
        let text = "pop cliacl add ::1\npop cliacl add 10.0.0.0/8\npop cliacl add ::1\npop cliacl remove ::1"

        #expect(try Self.load(text).pop.controlACL.map(\.description) == ["10.0.0.0/8"])
    }

    static let limits = [
        "pop set details 0 a 192.0.2.1 2001:db8:f::1", "pop set details 4095 a-9 192.0.2.1 2001:db8:f::1",
        "pop set beat-timeout 1", "pop set beat-timeout 86400", "pop set icmp-rate 0 0 0",
        "pop set icmp-rate 1000000 1000000 1000000",
        "tunnel set config 0 T1 192.0.2.1 up 1280", "tunnel set config 1fff T4294967295 192.0.2.1 up 1480",
        "tunnel set config 1FFF t1 2001:db9::1 disabled 1480", "tunnel set config 0001 T1 dynamic up 1280 x",
        "tunnel set config 1 T1 ayiya up 1280 \(String(repeating: "p", count: 132))",
        "tunnel set config 1 T1 192.0.2.1 up 1280 secret",
    ]

    @Test(arguments: Self.limits)
    func acceptsValuesAtTheirLimits(_ line: String) throws {
        let text = "pop tunnelprefix add 2001:db8::/48\n\(line)"

        #expect(throws: Never.self) { try Self.load(text) }
    }

    @Test func acceptsSixteenSubnetPrefixesButNotMore() throws {
        let lines = (1...16).map { "pop subnetprefix add 2001:db8:\(String($0, radix: 16))00::/40" }

        #expect(try Self.load(lines.joined(separator: "\n")).pop.subnetPrefixes.count == 16)
        let error = #expect(throws: ConfigurationError.self) {
            try Self.load((lines + ["pop subnetprefix add 2001:db9::/48"]).joined(separator: "\n"))
        }
        #expect(error?.line == 17)
    }

    @Test func acceptsALineOf4096OctetsButNotOfMore() throws {
        let line = "#" + String(repeating: "x", count: Configuration.maximumLineLength - 1)

        #expect(throws: Never.self) { try Self.load(line + "\r\n" + line) }
        let error = #expect(throws: ConfigurationError.self) { try Self.load("\n" + line + "x") }
        #expect(error?.line == 2)
    }

    @Test func ofEightThousandTunnelsLoads() throws {
        let tunnels = (0..<TID.capacity).map {
            "config \(String($0, radix: 16)) T\($0 + 1) ayiya up 1280 p\($0)"
        }
        let text =
            "pop tunnelprefix add 2001:db8::/48\ntunnel set\n" + tunnels.joined(separator: "\n") + "\n/"

        let configuration = try Self.load(text)

        #expect(configuration.tunnels.count == TID.capacity)
        #expect(try Self.load(configuration.canonicalText) == configuration)
    }
}
