import TestSupport
import Testing
import Wire

@Suite("An address of either family") struct IPAddressTests {
    @Test func parsesBothFamilies() throws {
        #expect(try IPAddress(parsing: "192.0.2.1") == .ipv4(IPv4Address(192, 0, 2, 1)))
        #expect(try IPAddress(parsing: "2001:db8::1").description == "2001:db8::1")
        #expect(try IPAddress(parsing: "192.0.2.1").description == "192.0.2.1")
    }

    @Test(arguments: ["", "localhost", "1.2.3", "1::2::3", "[::1]", "192.0.2.1/32"])
    func refusesOtherText(_ text: String) {
        #expect(throws: SyntaxError(expected: "an IPv4 or IPv6 address", found: text)) {
            try IPAddress(parsing: text)
        }
    }

    // swift-format-ignore
    static let unmapped: [Row<String, String>] = [
        Row("IPv4-mapped",     "::ffff:192.0.2.1", is: "192.0.2.1"),
        Row("IPv4-compatible", "::192.0.2.1",      is: "::c000:201"),
        Row("IPv6",            "2001:db8::1",      is: "2001:db8::1"),
        Row("IPv4",            "192.0.2.1",        is: "192.0.2.1"),
    ]

    @Test(arguments: Self.unmapped)
    func unmapsOnlyMappedAddresses(_ row: Row<String, String>) throws {
        #expect(try IPAddress(parsing: row.input).unmapped.description == row.output)
    }

    // swift-format-ignore
    static let reachable: [Row<String, Bool>] = [
        Row("IPv4 host",              "192.0.2.1",        is: true),
        Row("IPv4 private",           "10.0.0.1",         is: true),
        Row("IPv4 unspecified",       "0.0.0.0",          is: false),
        Row("IPv4 loopback",          "127.0.0.1",        is: false),
        Row("before IPv4 link-local", "169.253.255.255",  is: true),
        Row("IPv4 link-local, first", "169.254.0.0",      is: false),
        Row("IPv4 link-local, last",  "169.254.255.255",  is: false),
        Row("after IPv4 link-local",  "169.255.0.0",      is: true),
        Row("IPv4 multicast",         "224.0.0.1",        is: false),
        Row("IPv4 broadcast",         "255.255.255.255",  is: false),
        Row("IPv6 host",              "2001:db8::1",      is: true),
        Row("IPv6 unspecified",       "::",               is: false),
        Row("IPv6 loopback",          "::1",              is: false),
        Row("IPv6 link-local",        "fe80::1",          is: false),
        Row("IPv6 multicast",         "ff02::1",          is: false),
        Row("IPv6 IPv4-mapped",       "::ffff:192.0.2.1", is: false),
        Row("IPv6 IPv4-compatible",   "::192.0.2.1",      is: false),
    ]

    @Test(arguments: Self.reachable)
    func isReachableOnlyAsOneHostOfANetwork(_ row: Row<String, Bool>) throws {
        #expect(try IPAddress(parsing: row.input).isReachableUnicast == row.output)
    }

    @Test func ordersIPv4BeforeIPv6ThenByNumber() throws {
        let ordered = try ["0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "::1", "2001:db8::1"]
            .map { try IPAddress(parsing: $0) }

        #expect(ordered.reversed().sorted() == ordered)
    }
}
