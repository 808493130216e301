import TestSupport
import Testing
import Wire

@Suite("An IPv4 address") struct IPv4AddressTests {
    // swift-format-ignore
    static let good: [Row<String, UInt32>] = [
        Row("lowest",                "0.0.0.0",         is: 0),
        Row("highest",               "255.255.255.255", is: 0xffff_ffff),
        Row("order of octets",       "1.2.3.4",         is: 0x0102_0304),
        Row("documentation",         "192.0.2.42",      is: 0xc000_022a),
        Row("last octet at the top", "10.0.0.255",      is: 0x0a00_00ff),
    ]

    @Test(arguments: Self.good)
    func parsesAndFormats(_ row: Row<String, UInt32>) throws {
        let address = try IPv4Address(parsing: row.input)

        #expect(address.value == row.output)
        #expect(address.description == row.input)
    }

    static let bad = [
        "", ".", "...", "1", "1.2.3", "1.2.3.", ".1.2.3", "1.2.3.4.", "1.2.3.4.5", "1..3.4", "256.0.0.1",
        "0.0.0.256",
        "1.2.3.999", "1.2.3.1000", "01.2.3.4", "1.2.3.00", "1.2.3.+4", "1.2.3.-4", "1.2.3.0x4", "1.2.3.4 ",
        " 1.2.3.4",
        "1.2.3.4\n", "1.2.3.a", "1.2.3.4/32", "1,2,3,4", "١.2.3.4", "1.2.3.4\0",
    ]

    @Test(arguments: Self.bad)
    func refuses(_ text: String) {
        #expect(throws: SyntaxError(expected: "an IPv4 address", found: text)) {
            try IPv4Address(parsing: text)
        }
    }

    @Test func isMadeOfFourOctetsInWrittenOrder() {
        #expect(IPv4Address(192, 0, 2, 1) == IPv4Address(0xc000_0201))
    }

    struct Properties: Hashable, Sendable {
        var unspecified = false
        var thisNetwork = false
        var loopback = false
        var multicast = false
        var reserved = false
        var unicast = false
    }

    // swift-format-ignore
    static let kinds: [Row<String, Properties>] = [
        Row("unspecified",              "0.0.0.0",         is: Properties(unspecified: true, thisNetwork: true)),
        Row("this network, last",       "0.255.255.255",   is: Properties(thisNetwork: true)),
        Row("after this network",       "1.0.0.0",         is: Properties(unicast: true)),
        Row("before loopback",          "126.255.255.255", is: Properties(unicast: true)),
        Row("loopback, first",          "127.0.0.0",       is: Properties(loopback: true)),
        Row("loopback, last",           "127.255.255.255", is: Properties(loopback: true)),
        Row("after loopback",           "128.0.0.0",       is: Properties(unicast: true)),
        Row("before multicast",         "223.255.255.255", is: Properties(unicast: true)),
        Row("multicast, first",         "224.0.0.0",       is: Properties(multicast: true)),
        Row("multicast, last",          "239.255.255.255", is: Properties(multicast: true)),
        Row("reserved, first",          "240.0.0.0",       is: Properties(reserved: true)),
        Row("limited broadcast",        "255.255.255.255", is: Properties(reserved: true)),
        Row("private",                  "10.1.2.3",        is: Properties(unicast: true)),
    ]

    @Test(arguments: Self.kinds)
    func knowsItsKind(_ row: Row<String, Properties>) throws {
        let address = try IPv4Address(parsing: row.input)

        let properties = Properties(
            unspecified: address.isUnspecified,
            thisNetwork: address.isThisNetwork,
            loopback: address.isLoopback,
            multicast: address.isMulticast,
            reserved: address.isReserved,
            unicast: address.isUnicast
        )

        #expect(properties == row.output)
    }

    @Test func ordersByNumber() {
        #expect(IPv4Address(9, 255, 255, 255) < IPv4Address(10, 0, 0, 0))
        #expect(!(IPv4Address(10, 0, 0, 0) < IPv4Address(10, 0, 0, 0)))
    }
}
