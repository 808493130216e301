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
        #expect(new.differenceLines(from: old) == ["~tunnel T2: enabled yes -> no"])
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

    // swift-format-ignore
    static let fields: [Row<(String, String), [String]>] = [
        Row("nothing",          ("", ""),                                    is: []),
        Row("MTU",              ("192.0.2.1 up 1280", "192.0.2.1 up 1480"),  is: ["~tunnel T1: mtu 1280 -> 1480"]),
        Row("state",            ("192.0.2.2 up", "192.0.2.2 disabled"),      is: ["~tunnel T2: enabled yes -> no"]),
        Row("remote end",       ("192.0.2.3", "192.0.2.4"),                  is: ["~tunnel T3: endpoint 192.0.2.3 -> 192.0.2.4"]),
        Row("another tid",      ("config 3", "config 1f"),                   is: ["~tunnel T3: tid 3 -> 1f"]),
        Row("password",         ("one", "two"),                              is: ["~tunnel T4: password changes"]),
        Row("password and MTU", ("1400 one", "1420 two"),                    is: ["~tunnel T4: mtu 1400 -> 1420, password changes"]),
        Row("type",             ("ayiya up", "heartbeat up"),                is: ["~tunnel T4: type ayiya -> heartbeat"]),
        Row("old password",     ("one\n", "one old until 1800000000\n"),     is: ["~tunnel T4: old-password none -> until 2027-01-15T08:00:00Z"]),
        Row("dynamic",          ("192.0.2.3 up 1280", "ayiya up 1280 three"),
            is: ["~tunnel T3: type static -> ayiya, endpoint 192.0.2.3 -> none, password none -> set"]),
        Row("number",           ("T3", "T9"),
            is: ["-tunnel T3: tid 3, type static, endpoint 192.0.2.3, enabled yes, mtu 1280",
                 "+tunnel T9: tid 3, type static, endpoint 192.0.2.3, enabled yes, mtu 1280"]),
        Row("owner of subnet",  ("3002::/48 2", "3002::/48 3"),              is: ["~subnet 2001:db8:3002::/48: tunnel T2 -> T3"]),
        Row("another subnet",   ("3002::/48 2", "3003::/48 2"),
            is: ["-subnet 2001:db8:3002::/48: tunnel T2", "+subnet 2001:db8:3003::/48: tunnel T2"]),
        Row("a PoP's address",  ("192.0.2.200", "192.0.2.201"),
            is: ["~pop details 2: nltst01 192.0.2.200 2001:db8::2 -> nltst01 192.0.2.201 2001:db8::2"]),
        Row("subnet prefix",    ("db8:3000::/40", "db8:3000::/40\npop subnetprefix add 2001:db8:4000::/40"),
            is: ["+pop subnetprefix 2001:db8:4000::/40"]),
        Row("option",           ("pop set details", "pop set beat-timeout 120\npop set details"), is: ["+pop beat-timeout: 120"]),
    ]

    private static let whole =
        old + """

            pop set details 2 nltst01 192.0.2.200 2001:db8::2
            tunnel set config 4 T4 ayiya up 1400 one

            """

    @Test(arguments: Self.fields)
    func saysWhatChangesFieldByField(_ row: Row<(String, String), [String]>) throws {
        let old = try ConfigurationTests.load(Self.whole)
        let new = try ConfigurationTests.load(Self.whole.replacing(row.input.0, with: row.input.1))

        let changes = new.itemChanges(from: old)

        #expect(changes.map(\.description) == row.output)
        // What a daemon prints is what a centre reads.
        #expect(changes.map(\.description).map(ConfigurationItemChange.init(parsing:)) == changes)
    }

    // swift-format-ignore
    @Test(arguments: [
        Row("of a daemon that writes whole lines", "~tunnel 0 T1 192.0.2.1 up 1400", is: "~tunnel 0 T1 192.0.2.1 up 1400"),
        Row("without fields",                      "+pop subnetprefix 2001:db8::/40", is: "+pop subnetprefix 2001:db8::/40"),
        Row("with a sign alone",                   "-",                               is: "-"),
        Row("with nothing behind the colon",       "~tunnel T1: ",                    is: "~tunnel T1"),
        Row("without a sign",                      "tunnels +1 ~0 -0",                is: nil),
        Row("that is empty",                       "",                                is: nil),
    ])
    func readsALine(_ row: Row<String, String?>) {
        #expect(ConfigurationItemChange(parsing: row.input)?.description == row.output)
    }
}
