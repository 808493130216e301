import TestSupport
import Testing
import Wire

@Suite("The difference of two configurations") struct ConfigurationDifferenceTests {
    private static let old = """
        pop tunnelprefix add 2001:db8:2ff::/48
        pop subnetprefix add 2001:db8:3000::/40
        tunnel set config 1 T1 192.0.2.1 up 1280
        tunnel set config 2 T2 192.0.2.2 up 1280
        tunnel set config 3 T3 192.0.2.3 up 1280
        subnet set config 2001:db8:3001::/48 1 static
        subnet set config 2001:db8:3002::/48 2 static
        """

    // swift-format-ignore
    static let changes: [Row<(String, String), String>] = [
        Row("nothing",          ("", ""),                                             is: "tunnels +0 ~0 -0, subnets +0 ~0 -0"),
        Row("MTU",              ("192.0.2.1 up 1280", "192.0.2.1 up 1281"),           is: "tunnels +0 ~1 -0, subnets +0 ~0 -0"),
        Row("state",            ("192.0.2.2 up", "192.0.2.2 disabled"),               is: "tunnels +0 ~1 -0, subnets +0 ~0 -0"),
        Row("remote end",       ("192.0.2.3", "192.0.2.4"),                           is: "tunnels +0 ~1 -0, subnets +0 ~0 -0"),
        Row("number",           ("T3", "T4"),                                         is: "tunnels +0 ~1 -0, subnets +0 ~0 -0"),
        Row("another tid",      ("config 3", "config 4"),                             is: "tunnels +1 ~0 -1, subnets +0 ~0 -0"),
        Row("tunnel gone",      ("tunnel set config 3 T3 192.0.2.3 up 1280", ""),     is: "tunnels +0 ~0 -1, subnets +0 ~0 -0"),
        Row("owner of subnet",  ("3002::/48 2", "3002::/48 3"),                       is: "tunnels +0 ~0 -0, subnets +0 ~1 -0"),
        Row("another subnet",   ("3002::/48", "3003::/48"),                           is: "tunnels +0 ~0 -0, subnets +1 ~0 -1"),
        Row("subnet gone",      ("subnet set config 2001:db8:3001::/48 1 static", ""), is: "tunnels +0 ~0 -0, subnets +0 ~0 -1"),
    ]

    @Test(arguments: Self.changes)
    func countsWhatChanged(_ row: Row<(String, String), String>) throws {
        let old = try ConfigurationTests.load(Self.old)
        let new = try ConfigurationTests.load(Self.old.replacing(row.input.0, with: row.input.1))

        #expect(new.difference(from: old).description == row.output)
    }

    @Test func fromNothingIsAllAdded() throws {
        let new = try ConfigurationTests.load(Self.old)

        #expect(new.difference(from: Configuration()).description == "tunnels +3 ~0 -0, subnets +2 ~0 -0")
        #expect(Configuration().difference(from: new).description == "tunnels +0 ~0 -3, subnets +0 ~0 -2")
    }

    @Test func doesNotDependOnTheOrder() throws {
        let old = try ConfigurationTests.load(Self.old)
        var new = try ConfigurationTests.load(Self.old.replacing("192.0.2.2 up", with: "192.0.2.2 disabled"))
        new.tunnels.reverse()
        new.subnets.reverse()

        #expect(new.difference(from: old).description == "tunnels +0 ~1 -0, subnets +0 ~0 -0")
        #expect(new.differenceLines(from: old) == ["~tunnel 2 T2 192.0.2.2 disabled 1280"])
        #expect(new.tunnelChanges(from: old).losses == 1)
    }

    @Test func namesTunnelsThatChangeInTheOrderOfTheirTIDs() throws {
        let old = try ConfigurationTests.load(Self.old)
        var new = try ConfigurationTests.load(
            Self.old.replacing("config 2 T2", with: "config 4 T4").replacing("::/48 2", with: "::/48 4")
        )
        new.tunnels[0].mtu = 1400
        let changes = new.tunnelChanges(from: old).map { [$0.new?.description, $0.old?.description] }

        #expect(
            changes == [
                ["1 T1 192.0.2.1 up 1400", "1 T1 192.0.2.1 up 1280"], [nil, "2 T2 192.0.2.2 up 1280"],
                ["4 T4 192.0.2.2 up 1280", nil],
            ]
        )
    }
}
