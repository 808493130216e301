import ArgumentParser
import TestSupport
import Testing
import Wire

@testable import sixxsd

@Suite("sixxsd configtest") struct ConfigtestTests {
    private static let head = "pop tunnelprefix add 2001:db8::/48\n"
    private static let tunnel = "tunnel set config 1 T1 192.0.2.9 up 1280\n"
    private static let subnets = """
        pop subnetprefix add 2001:db8:1000::/40
        subnet set config 2001:db8:1001::/48 1 static
        """

    @Test(arguments: [
        (head, "OK, 0 tunnels, 0 subnets, "), (head + tunnel, "OK, 1 tunnel, 0 subnets, "),
        (head + tunnel + subnets, "OK, 1 tunnel, 1 subnet, "),
        (
            head + tunnel + tunnel.replacing("1 T1", with: "2 T2").replacing(".9", with: ".10"),
            "OK, 2 tunnels, "
        ),
    ])
    func countsWhatAFileHolds(_ text: String, _ beginning: String) throws {
        let configuration = try Configuration(parsing: text, file: "test.conf")

        let verdict = ConfigtestCommand.verdict(on: configuration)

        #expect(
            verdict.hasPrefix(beginning) && verdict.hasSuffix("digest \(configuration.digest)"),
            "\(verdict)"
        )
    }

    @Test(arguments: ["configtest", "check"])
    func goesByItsOldNameToo(_ name: String) throws {
        let command = try Sixxsd.parseAsRoot([name, "/etc/sixxsd.conf"]) as? ConfigtestCommand

        #expect(command?.file == "/etc/sixxsd.conf")
    }
}
