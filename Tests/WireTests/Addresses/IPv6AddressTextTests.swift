import TestSupport
import Testing
import Wire

@Suite("The text of an IPv6 address") struct IPv6AddressTextTests {
    /// All the examples of RFC 5952, sections 2 and 4, with the form that its section 4 recommends.
    // swift-format-ignore
    static let canonical: [Row<String, String>] = [
        Row("§1, canonical",           "2001:db8:0:0:1:0:0:1",                    is: "2001:db8::1:0:0:1"),
        Row("§1, leading zeros",       "2001:0db8:0:0:1:0:0:1",                   is: "2001:db8::1:0:0:1"),
        Row("§1, compressed once",     "2001:db8::1:0:0:1",                       is: "2001:db8::1:0:0:1"),
        Row("§1, with a zero kept",    "2001:db8::0:1:0:0:1",                     is: "2001:db8::1:0:0:1"),
        Row("§1, compressed and zeros", "2001:0db8::1:0:0:1",                     is: "2001:db8::1:0:0:1"),
        Row("§1, second run",          "2001:db8:0:0:1::1",                       is: "2001:db8::1:0:0:1"),
        Row("§1, all zeros written",   "2001:db8:0000:0:1::1",                    is: "2001:db8::1:0:0:1"),
        Row("§1, upper case",          "2001:DB8:0:0:1::1",                       is: "2001:db8::1:0:0:1"),
        Row("§2.1, one zero group",    "2001:db8:aaaa:bbbb:cccc:dddd:eeee:0001",  is: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"),
        Row("§2.1, three digits",      "2001:db8:aaaa:bbbb:cccc:dddd:eeee:001",   is: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"),
        Row("§2.1, two digits",        "2001:db8:aaaa:bbbb:cccc:dddd:eeee:01",    is: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"),
        Row("§2.1, one digit",         "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1",     is: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:1"),
        Row("§2.2, one group",         "2001:db8:aaaa:bbbb:cccc:dddd::1",         is: "2001:db8:aaaa:bbbb:cccc:dddd:0:1"),
        Row("§2.2, one group written", "2001:db8:aaaa:bbbb:cccc:dddd:0:1",        is: "2001:db8:aaaa:bbbb:cccc:dddd:0:1"),
        Row("§2.2, four groups",       "2001:db8:0:0:0::1",                       is: "2001:db8::1"),
        Row("§2.2, three groups",      "2001:db8:0:0::1",                         is: "2001:db8::1"),
        Row("§2.2, two groups",        "2001:db8:0::1",                           is: "2001:db8::1"),
        Row("§2.2, as short as can be", "2001:db8::1",                            is: "2001:db8::1"),
        Row("§2.2, first of two runs", "2001:db8::aaaa:0:0:1",                    is: "2001:db8::aaaa:0:0:1"),
        Row("§2.2, second of two runs", "2001:db8:0:0:aaaa::1",                   is: "2001:db8::aaaa:0:0:1"),
        Row("§2.3, lower case",        "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa",  is: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"),
        Row("§2.3, upper case",        "2001:db8:aaaa:bbbb:cccc:dddd:eeee:AAAA",  is: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"),
        Row("§2.3, mixed case",        "2001:db8:aaaa:bbbb:cccc:dddd:eeee:AaAa",  is: "2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa"),
        Row("§4.1, leading zeros",     "2001:0db8::0001",                         is: "2001:db8::1"),
        Row("§4.2.1, shortened fully", "2001:db8:0:0:0:0:2:1",                    is: "2001:db8::2:1"),
        Row("§4.2.1, not to the full", "2001:db8::0:1",                           is: "2001:db8::1"),
        Row("§4.2.2, never one group", "2001:db8::1:1:1:1:1",                     is: "2001:db8:0:1:1:1:1:1"),
        Row("§4.2.2, one group kept",  "2001:db8:0:1:1:1:1:1",                    is: "2001:db8:0:1:1:1:1:1"),
        Row("§4.2.3, longest run",     "2001:0:0:1:0:0:0:1",                      is: "2001:0:0:1::1"),
        Row("§4.2.3, first of equals", "2001:db8:0:0:1:0:0:1",                    is: "2001:db8::1:0:0:1"),
        Row("§5, IPv4-mapped",         "::ffff:192.0.2.1",                        is: "::ffff:192.0.2.1"),
        Row("§5, mapped, in groups",   "0:0:0:0:0:ffff:c000:201",                 is: "::ffff:192.0.2.1"),
    ]

    // swift-format-ignore
    static let others: [Row<String, String>] = [
        Row("unspecified",           "::",                                            is: "::"),
        Row("unspecified, in full",  "0:0:0:0:0:0:0:0",                               is: "::"),
        Row("loopback",              "0::1",                                          is: "::1"),
        Row("run at the start",      "0:0:0:1:0:0:1:1",                               is: "::1:0:0:1:1"),
        Row("run at the end",        "1:1:0:0:1:0:0:0",                               is: "1:1:0:0:1::"),
        Row("gap for one at start",  "::2:3:4:5:6:7:8",                               is: "0:2:3:4:5:6:7:8"),
        Row("gap for one at end",    "1:2:3:4:5:6:7::",                               is: "1:2:3:4:5:6:7:0"),
        Row("alternating zeros",     "0:1:0:1:0:1:0:1",                               is: "0:1:0:1:0:1:0:1"),
        Row("IPv4-compatible",       "::192.0.2.1",                                   is: "::c000:201"),
        Row("six groups and IPv4",   "1:2:3:4:5:6:7.8.9.10",                          is: "1:2:3:4:5:6:708:90a"),
        Row("gap before IPv4",       "64:ff9b::192.0.2.33",                           is: "64:ff9b::c000:221"),
        Row("longest text there is", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", is: "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        Row("gap for one and IPv4",  "1:2:3:4:5::255.255.255.255",                    is: "1:2:3:4:5:0:ffff:ffff"),
    ]

    @Test(arguments: Self.canonical + Self.others)
    func isParsedAndFormattedCanonically(_ row: Row<String, String>) throws {
        let address = try IPv6Address(parsing: row.input)

        #expect(address.description == row.output)
        #expect(try IPv6Address(parsing: row.output) == address)
    }

    static let bad = [
        "", ":", ":::", "::::", "1", "1:", ":1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:",
        ":2:3:4:5:6:7:8",
        "1:2:3:4:5:6:7:8:", ":1:2:3:4:5:6:7:8", "1::2::3", "1:::2", "::1:", ":1::", "1::2:3:4:5:6:7:8",
        "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "12345::", "::g", "::-1", "::+1", "::0x1",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1:2:3:4:5:1.2.3.4", "1.2.3.4", "1.2.3.4::", "::1.2.3.4:5", "::1.2.3", "::1.2.3.256", "::01.2.3.4",
        "::1.2.3.4.5", "1:2:3:4:5:6::1.2.3.4", "fe80::1%eth0", "2001:db8::/32", "[::1]", "::1 ", " ::1",
        "::1\n",
        "::\0", "::1\0", "2001:db8::١", "00000::", "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2550",
    ]

    @Test(arguments: Self.bad)
    func isRefused(_ text: String) {
        #expect(throws: SyntaxError(expected: "an IPv6 address", found: text)) {
            try IPv6Address(parsing: text)
        }
    }

    @Test func survivesARoundTripForAnyPatternOfZeroGroups() throws {
        for pattern in UInt64(0)..<256 {
            let groups = (UInt64(0)..<8).map { pattern >> $0 & 1 == 0 ? 0 : $0 &* 0x1111 &+ 1 }
            let address = IPv6Address(
                high: groups[..<4].reduce(0) { $0 << 16 | $1 },
                low: groups[4...].reduce(0) { $0 << 16 | $1 }
            )

            #expect(try IPv6Address(parsing: address.description) == address)
        }
    }

    @Test func survivesARoundTripForRandomAddresses() throws {
        var generator = SeededGenerator(seed: 5952)
        for _ in 0..<2000 {
            let mask = generator.next() & generator.next()
            let address = IPv6Address(high: generator.next() & mask, low: generator.next() & ~mask)

            #expect(try IPv6Address(parsing: address.description) == address)
        }
    }
}
