import TestSupport
import Testing
import Wire

@Suite("A fleet's own addresses") struct FleetAddressesTests {
    // swift-format-ignore
    static let prefixes: [Row<String, Bool>] = [
        Row("for documentation",       "2001:db8:2ff::/48", is: true),
        Row("of a provider",           "2a00:1450::/40",    is: true),
        Row("unique local",            "fd00:1234::/48",    is: true),
        Row("below link-local",        "fe00::/48",         is: true),
        Row("site-local of old",       "fec0::/48",         is: true),
        Row("the lowest",              "100::/40",          is: true),
        Row("of everything",           "::/0",              is: false),
        Row("with loopback",           "::/40",             is: false),
        Row("beside loopback",         "0:1::/48",          is: false),
        Row("link-local",              "fe80::/48",         is: false),
        Row("the last link-local",     "febf:ffff:ffff::/48", is: false),
        Row("multicast",               "ff00::/48",         is: false),
        Row("of groups on a link",     "ff02::/40",         is: false),
    ]

    @Test(arguments: Self.prefixes)
    func areInPrefixesThatCanBeRouted(_ row: Row<String, Bool>) throws {
        #expect(try IPv6Prefix(parsing: row.input).isRoutableUnicast == row.output)
    }

    private static func own() throws -> FleetAddresses {
        FleetAddresses(
            pops: [
                ("chtst01", try IPAddress(parsing: "192.0.2.42")),
                ("chtst01", try IPAddress(parsing: "2001:db8::42")),
                ("nltst01", try IPAddress(parsing: "192.0.2.43")),
                ("nltst01", try IPAddress(parsing: "2001:db8::43")),
            ],
            prefixes: [
                try IPv6Prefix(parsing: "2001:db8:2ff::/48"), try IPv6Prefix(parsing: "2001:db8:3000::/40"),
            ]
        )
    }

    // swift-format-ignore
    static let endpoints: [Row<String, String?>] = [
        Row("a host's",               "198.51.100.1",          is: nil),
        Row("a host's over IPv6",     "2001:db8:beef::1",      is: nil),
        Row("a PoP's",                "192.0.2.43",            is: "nltst01"),
        Row("a PoP's over IPv6",      "2001:db8::42",          is: "chtst01"),
        Row("a PoP's, mapped",        "::ffff:192.0.2.42",     is: "chtst01"),
        Row("a tunnel's",             "2001:db8:2ff:5::2",     is: "2001:db8:2ff::/48"),
        Row("a subnet's",             "2001:db8:30aa::1",      is: "2001:db8:3000::/40"),
    ]

    @Test(arguments: Self.endpoints)
    func areNoEndpoints(_ row: Row<String, String?>) throws {
        let own = try Self.own()
        let endpoint = try IPAddress(parsing: row.input)

        #expect(own.pop(at: endpoint) ?? own.prefix(around: endpoint)?.description == row.output)
    }

    @Test func lieInNoPrefix() throws {
        let own = try Self.own()

        let found = own.pop(in: try IPv6Prefix(parsing: "2001:db8::/48"))
        #expect(found?.name == "chtst01")
        #expect(found?.address.description == "2001:db8::42")
        #expect(own.pop(in: try IPv6Prefix(parsing: "2001:db8:1::/48")) == nil)
    }
}
