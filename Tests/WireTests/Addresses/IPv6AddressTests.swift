import TestSupport
import Testing
import Wire

@Suite("An IPv6 address") struct IPv6AddressTests {
    // swift-format-ignore
    static let kinds: [Row<String, Set<String>>] = [
        Row("unspecified",                    "::",                       is: ["unspecified", "compatible"]),
        Row("loopback",                       "::1",                      is: ["loopback", "compatible", "unicast"]),
        Row("IPv4-compatible, last",          "::ffff:ffff",              is: ["compatible", "unicast"]),
        Row("after IPv4-compatible",          "::1:0:0",                  is: ["unicast"]),
        Row("before IPv4-mapped",             "::fffe:ffff:ffff",         is: ["unicast"]),
        Row("IPv4-mapped, first",             "::ffff:0:0",               is: ["mapped", "unicast"]),
        Row("IPv4-mapped, last",              "::ffff:255.255.255.255",   is: ["mapped", "unicast"]),
        Row("after IPv4-mapped",              "::1:0:0:0",                is: ["unicast"]),
        Row("mapped form, other network half", "0:0:0:1:0:ffff:102:304",  is: ["unicast"]),
        Row("before link-local",              "fe7f:ffff::1",             is: ["unicast"]),
        Row("link-local, first",              "fe80::",                   is: ["linkLocal", "unicast"]),
        Row("link-local, last",               "febf:ffff::1",             is: ["linkLocal", "unicast"]),
        Row("after link-local",               "fec0::1",                  is: ["unicast"]),
        Row("before multicast",               "feff::1",                  is: ["unicast"]),
        Row("multicast, first",               "ff00::",                   is: ["multicast"]),
        Row("multicast, last", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", is: ["multicast"]),
        Row("documentation",                  "2001:db8::1",              is: ["unicast"]),
    ]

    @Test(arguments: Self.kinds)
    func knowsItsKind(_ row: Row<String, Set<String>>) throws {
        let address = try IPv6Address(parsing: row.input)

        let kinds = [
            "unspecified": address.isUnspecified, "loopback": address.isLoopback,
            "multicast": address.isMulticast,
            "linkLocal": address.isLinkLocalUnicast, "mapped": address.isIPv4Mapped,
            "compatible": address.isIPv4Compatible, "unicast": address.isUnicast,
        ]

        #expect(Set(kinds.filter(\.value).keys) == row.output)
    }

    @Test func carriesAnIPv4AddressOnlyWhenMapped() throws {
        let mapped = IPv6Address(mapping: IPv4Address(192, 0, 2, 1))

        #expect(mapped.mappedIPv4Address == IPv4Address(192, 0, 2, 1))
        #expect(mapped.description == "::ffff:192.0.2.1")
        #expect(try IPv6Address(parsing: "::192.0.2.1").mappedIPv4Address == nil)
    }

    // swift-format-ignore
    static let solicitedNodes: [Row<String, String>] = [
        Row("RFC 4291 §2.7.1",       "4037::1:800:200e:8c6c", is: "ff02::1:ff0e:8c6c"),
        Row("PoP's side",            "2001:db8:2ff:1::1",     is: "ff02::1:ff00:1"),
        Row("only 24 bits are kept", "2001:db8::ffff:ffff",   is: "ff02::1:ffff:ffff"),
    ]

    @Test(arguments: Self.solicitedNodes)
    func hasASolicitedNodeAddress(_ row: Row<String, String>) throws {
        #expect(try IPv6Address(parsing: row.input).solicitedNode.description == row.output)
    }

    @Test func ordersByNumber() {
        let ordered = [
            IPv6Address.unspecified, .loopback, IPv6Address(high: 0, low: .max), IPv6Address(high: 1, low: 0),
            IPv6Address(high: .max, low: 0), IPv6Address(high: .max, low: .max),
        ]

        #expect(ordered.reversed().sorted() == ordered)
    }
}
