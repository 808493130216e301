import ArgumentParser
import LinuxIO
import Testing
import Wire

@testable import sixxs_client

@Suite("Command line")
struct OptionsTests {
    private static let common = ["--pop", "192.0.2.1", "--identity", "2001:db8:2ff:1::2"]

    @Test
    func readsWhatIsNeeded() throws {
        let parsed = try SixXSClient.parseAsRoot(["ayiya"] + Self.common + ["--password-file", "/etc/pw"])

        let command = try #require(parsed as? AYIYACommand)
        #expect(command.options.pop == IPv4Address(192, 0, 2, 1))
        #expect(command.options.identity == TestTunnel.us)
        #expect(command.options.tun == "sixxs0")
        #expect(command.options.beatInterval == 60)
        #expect(command.options.mtu == nil)
        #expect(!command.options.noDefaultRoute)
        #expect(command.options.offloads == .auto)
        #expect(command.options.user == nil)
        #expect(command.passwordFile == "/etc/pw")
    }

    @Test
    func readsEverything() throws {
        let rest = [
            "--tun", "six0", "--mtu", "1280", "--beat-interval", "5", "--local", "198.51.100.7",
            "--no-default-route", "--offloads", "off", "--user", "nobody",
        ]
        let parsed = try SixXSClient.parseAsRoot(["6in4"] + Self.common + rest)

        let options = try #require(parsed as? SixInFourCommand).options
        #expect(options.tun == "six0")
        #expect(options.mtu == 1280)
        #expect(options.beatInterval == 5)
        #expect(options.local == IPv4Address(198, 51, 100, 7))
        #expect(options.noDefaultRoute)
        #expect(options.offloads == .off)
        #expect(options.user == "nobody")
    }

    @Test func keepsNoMoreThanItsTunnelNeeds() {
        let both: [Privileges.Capability] = [.networkAdministration, .rawSockets]
        let ayiya = TunnelProtocol.ayiya(AYIYASecret(password: "x"))

        #expect(ayiya.lastingCapabilities == [.networkAdministration])
        #expect(TunnelProtocol.heartbeat(password: "x").lastingCapabilities == both)
        #expect(TunnelProtocol.sixInFour.lastingCapabilities == both)
    }

    @Test(arguments: [
        (["ayiya"] + common, "Missing expected argument '--password-file <file>'"),
        (
            ["6in4", "--pop", "pop.example", "--identity", "2001:db8::2"],
            "The value 'pop.example' is invalid"
        ),
        (["6in4", "--pop", "224.0.0.1", "--identity", "2001:db8::2"], "no host can have this address"),
        (["6in4", "--pop", "192.0.2.1", "--identity", "2001:db8::1"], "an address that ends in ::2"),
        (["6in4", "--pop", "192.0.2.1", "--identity", "fe80::2"], "an address that ends in ::2"),
        (["6in4"] + common + ["--mtu", "1279"], "expected 1280 to 1480"),
        (["6in4"] + common + ["--mtu", "1481"], "expected 1280 to 1480"),
        (["6in4"] + common + ["--beat-interval", "0"], "expected 1 to 3600 seconds"),
        (["6in4"] + common + ["--offloads", "on"], "Please provide one of 'auto' and 'off'"),
        (["6in4"] + common + ["--tun", "sixteen-octets-0"], "expected 1 to 15 characters"),
    ])
    func saysWhatIsWrong(arguments: [String], text: String) {
        let error = #expect(throws: (any Error).self) { try SixXSClient.parseAsRoot(arguments) }

        #expect(error.map { SixXSClient.message(for: $0).contains(text) } == true)
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
            ([], "the first line is empty"), ([0x0a, 0x61], "the first line is empty"),
            ([0x20, 0x09, 0x0a], "the first line is empty"),
            ([0xff, 0xfe, 0x61, 0x00], "it is a text in UTF-16: save it as UTF-8"),
            ([UInt8](repeating: 0x61, count: 133), "the first line is longer than 132 octets"),
        ] as [([UInt8], String)]
    )
    func saysWhyAFileHoldsNoPassword(octets: [UInt8], reason: String) {
        let error = #expect(throws: PasswordError.self) { try Password.firstLine(of: octets, "/etc/pw") }

        #expect(error?.description == "password file /etc/pw: \(reason)")
    }
}
