import ArgumentParser
import LinuxIO
import Logging
import TestSupport
import Testing
import Wire

@testable import sixxs_client

@Suite("Command line")
struct OptionsTests {
    private static let common = ["--pop", "192.0.2.1", "--identity", "2001:db8:2ff:1::2"]

    /// What the options of a command say.
    private static func settings(_ arguments: [String]) throws -> ClientSettings {
        switch try SixXSClient.parseAsRoot(arguments) {
        case let command as AYIYACommand: try command.options.settings()
        case let command as SixInFourCommand: try command.options.settings()
        case let command as RunCommand: try command.options.settings()
        default: throw ExitCode.failure
        }
    }

    @Test
    func readsWhatIsNeeded() throws {
        let settings = try Self.settings(["ayiya"] + Self.common + ["--password-file", "/etc/pw"])

        #expect(settings.pop == .address(.ipv4(IPv4Address(192, 0, 2, 1))))
        #expect(settings.identity == TestTunnel.us)
        #expect(settings.tun == "sixxs0")
        #expect(settings.beatInterval == 60)
        #expect(settings.mtu == 1280, "that of PoPs")
        #expect(settings.hasDefaultRoute)
        #expect(settings.offloads == .auto)
        #expect(settings.user == nil)
        #expect(settings.statusPath == "/run/sixxs-client/sixxs0.sock")
        guard case .file("/etc/pw") = settings.password else {
            Issue.record("no password file")
            return
        }
    }

    @Test
    func readsEverything() throws {
        let rest = [
            "--tun", "six0", "--mtu", "1480", "--beat-interval", "5", "--local", "198.51.100.7",
            "--no-default-route", "--offloads", "off", "--user", "nobody", "--log-level", "debug",
        ]
        let settings = try Self.settings(["6in4"] + Self.common + rest)

        #expect(settings.tun == "six0")
        #expect(settings.mtu == 1480)
        #expect(settings.beatInterval == 5)
        #expect(settings.local == .ipv4(IPv4Address(198, 51, 100, 7)))
        #expect(!settings.hasDefaultRoute)
        #expect(settings.offloads == .off)
        #expect(settings.user == "nobody")
        #expect(settings.logLevel == .debug)
        #expect(settings.statusPath == "/run/sixxs-client/six0.sock")
    }

    @Test(arguments: [("none", nil), ("/run/x.sock", "/run/x.sock")] as [(String, String?)])
    func saysItsStatusWhereItIsTold(_ argument: String, _ path: String?) throws {
        #expect(try Self.settings(["6in4"] + Self.common + ["--status-socket", argument]).statusPath == path)
    }

    @Test func takesNamesAndIPv6() throws {
        let name = [
            "--pop", "chtst01.example.net", "--identity", "2001:db8:2ff:1::2", "--password-file", "x",
        ]

        #expect(try Self.settings(["ayiya"] + name).pop == .name("chtst01.example.net"))
        #expect(
            try Self.settings(["6in4"] + ["--pop", "2001:db8::1", "--identity", "2001:db8:2ff:1::2"]).pop
                == .address(.ipv6(IPv6Address(parsing: "2001:db8::1")))
        )
    }

    @Test func keepsNoMoreThanItsTunnelNeeds() {
        let both: [Privileges.Capability] = [.networkAdministration, .rawSockets]
        let ayiya = TunnelProtocol.ayiya(AYIYASecret(password: "x"))

        #expect(ayiya.lastingCapabilities == [.networkAdministration])
        #expect(TunnelProtocol.heartbeat(password: "x").lastingCapabilities == both)
        #expect(TunnelProtocol.sixInFour.lastingCapabilities == both)
    }

    // swift-format-ignore
    static let wrong: [Row<[String], String>] = [
        Row("no password", ["ayiya"] + common, is: "the tunnel's password is not set: give --password-file FILE"),
        Row("no PoP", ["6in4", "--identity", "2001:db8::2"], is: "no PoP is set: give --pop HOST"),
        Row("no identity", ["6in4", "--pop", "192.0.2.1"], is: "give --identity IPV6"),
        Row("nothing", [], is: "give --config FILE, or a type of tunnel"),
        Row("no type", common, is: "give --config FILE, or a type of tunnel"),
        Row("a group", ["6in4", "--pop", "224.0.0.1", "--identity", "2001:db8::2"], is: "--pop: no host can have this address"),
        Row("no address", ["6in4", "--pop", "192.0.2.300", "--identity", "2001:db8::2"], is: "--pop: expected an IPv4 or IPv6 address or the name of a host"),
        Row("no name", ["6in4", "--pop", "pop example", "--identity", "2001:db8::2"], is: "--pop: expected an IPv4 or IPv6 address or the name of a host"),
        Row("IPv6 for heartbeats", ["heartbeat", "--pop", "2001:db8::1", "--identity", "2001:db8::2", "--password-file", "x"], is: "over IPv4 only, and 2001:db8::1 is an IPv6 address"),
        Row("two kinds of addresses", ["6in4"] + common + ["--local", "2001:db8::7"], is: "both must be IPv4, or both IPv6"),
        Row("the PoP's end", ["6in4", "--pop", "192.0.2.1", "--identity", "2001:db8::1"], is: "an address that ends in ::2"),
        Row("a link's address", ["6in4", "--pop", "192.0.2.1", "--identity", "fe80::2"], is: "an address that ends in ::2"),
        Row("a small MTU", ["6in4"] + common + ["--mtu", "1279"], is: "--mtu: expected 1280 to 1480, found \"1279\""),
        Row("a large MTU", ["6in4"] + common + ["--mtu", "1481"], is: "expected 1280 to 1480"),
        Row("no interval", ["6in4"] + common + ["--beat-interval", "0"], is: "expected 1 to 3600 seconds"),
        Row("no such offloads", ["6in4"] + common + ["--offloads", "on"], is: "expected auto or off, found \"on\""),
        Row("no such level", ["6in4"] + common + ["--log-level", "wanring"], is: "did you mean \"warning\"?"),
        Row("a long name", ["6in4"] + common + ["--tun", "sixteen-octets-0"], is: "expected 1 to 15 characters"),
        Row("no option", ["6in4"] + common + ["--metu", "1280"], is: "Unknown option '--metu'. Did you mean '--mtu'?"),
    ]

    @Test(arguments: wrong)
    func saysWhatIsWrong(_ row: Row<[String], String>) {
        let error = #expect(throws: (any Error).self) { try SixXSClient.parseAsRoot(row.input) }

        let message = error.map { SixXSClient.message(for: $0) } ?? ""
        #expect(message.contains(row.output), "\(message)")
    }

    @Test(arguments: ["--mtu", "--beat-interval"])
    func judgesEachNumberWhereItIsRead(_ option: String) throws {
        let extremes = [
            "-9223372036854775808", "-1", "0", "9223372036854775807", "9223372036854775808",
            "99999999999999999999999999", "1e3", "",
        ]
        for extreme in extremes {
            #expect(throws: (any Error).self) {
                try SixXSClient.parseAsRoot(["6in4"] + Self.common + ["\(option)=\(extreme)"])
            }
        }
    }

    @Test
    func takesTheFirstLineAsPassword() throws {
        #expect(try Password.firstLine(of: Array("secret word\nmore\n".utf8), "f") == "secret word")
        #expect(try Password.firstLine(of: Array("dos\r\n".utf8), "f") == "dos")
        #expect(try Password.firstLine(of: Array("no end".utf8), "f") == "no end")
        #expect(try Password.firstLine(of: [0xff, 0x0a], "f") == TunnelPassword(octets: [0xff]))
        #expect(try Password.firstLine(of: [UInt8](repeating: 0x61, count: 132), "f").octets.count == 132)
    }

    @Test(
        arguments: [
            ([], "the first line is empty: put the tunnel's password there"),
            ([0x0a, 0x61], "the first line is empty: put the tunnel's password there"),
            ([0x20, 0x09, 0x0a], "the first line is empty: put the tunnel's password there"),
            ([0xff, 0xfe, 0x61, 0x00], "it is a text in UTF-16: save it as UTF-8"),
            ([UInt8](repeating: 0x61, count: 133), "the first line is longer than 132 octets"),
        ] as [([UInt8], String)]
    )
    func saysWhyAFileHoldsNoPassword(octets: [UInt8], reason: String) {
        let error = #expect(throws: PasswordError.self) { try Password.firstLine(of: octets, "/etc/pw") }

        #expect(error?.description == "password file /etc/pw: \(reason)")
    }
}
