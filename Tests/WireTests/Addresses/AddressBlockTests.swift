import TestSupport
import Testing
import Wire

@Suite("A block of addresses") struct AddressBlockTests {
    // swift-format-ignore
    static let good: [Row<String, String>] = [
        Row("IPv4 host",                "192.0.2.1",            is: "192.0.2.1"),
        Row("IPv4 host with length",    "192.0.2.1/32",         is: "192.0.2.1"),
        Row("IPv4 network",             "192.0.2.0/24",         is: "192.0.2.0/24"),
        Row("all of IPv4",              "0.0.0.0/0",            is: "0.0.0.0/0"),
        Row("IPv6 host",                "::1",                  is: "::1"),
        Row("IPv6 host with length",    "2001:db8::1/128",      is: "2001:db8::1"),
        Row("IPv6 network",             "2001:DB8:0::/32",      is: "2001:db8::/32"),
        Row("all of IPv6",              "::/0",                 is: "::/0"),
    ]

    @Test(arguments: Self.good)
    func parsesAndFormats(_ row: Row<String, String>) throws {
        let block = try AddressBlock(parsing: row.input)

        #expect(block.description == row.output)
        #expect(try AddressBlock(parsing: row.output) == block)
    }

    static let bad = [
        "", "/", "/24", "localhost", "192.0.2.1/", "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/-1",
        "192.0.2.0/+24",
        "0.0.0.0/-0", "192.0.2.0/0024", "192.0.2.0/24/24", "192.0.2.0/24 ", "2001:db8::1/32",
        "2001:db8::/129", "192.0.2/24",
    ]

    @Test(arguments: Self.bad)
    func refuses(_ text: String) {
        #expect(throws: SyntaxError(expected: "an address or a block such as 192.0.2.0/24", found: text)) {
            try AddressBlock(parsing: text)
        }
    }

    // swift-format-ignore
    static let members: [Row<(String, String), Bool>] = [
        Row("the host itself",             ("192.0.2.1", "192.0.2.1"),                 is: true),
        Row("the host, mapped",            ("192.0.2.1", "::ffff:192.0.2.1"),          is: true),
        Row("another host",                ("192.0.2.1", "192.0.2.2"),                 is: false),
        Row("first of a network",          ("192.0.2.0/24", "192.0.2.0"),              is: true),
        Row("last of a network",           ("192.0.2.0/24", "192.0.2.255"),            is: true),
        Row("before a network",            ("192.0.2.0/24", "192.0.1.255"),            is: false),
        Row("after a network",             ("192.0.2.0/24", "192.0.3.0"),              is: false),
        Row("any IPv4 in all of IPv4",     ("0.0.0.0/0", "203.0.113.9"),               is: true),
        Row("IPv6 in all of IPv4",         ("0.0.0.0/0", "2001:db8::1"),               is: false),
        Row("IPv6 in all of IPv6",         ("::/0", "2001:db8::1"),                    is: true),
        Row("IPv4 in all of IPv6",         ("::/0", "192.0.2.1"),                      is: false),
        Row("mapped in all of IPv6",       ("::/0", "::ffff:192.0.2.1"),               is: false),
        Row("IPv4 in a mapped block",      ("::ffff:192.0.2.0/120", "192.0.2.7"),      is: true),
        Row("IPv4 beside a mapped block",  ("::ffff:192.0.2.0/120", "192.0.3.7"),      is: false),
        Row("loopback of the other family", ("::1", "127.0.0.1"),                      is: false),
        Row("IPv4 as IPv4-compatible",     ("192.0.2.1", "::192.0.2.1"),               is: false),
    ]

    @Test(arguments: Self.members)
    func containsItsAddresses(_ row: Row<(String, String), Bool>) throws {
        let block = try AddressBlock(parsing: row.input.0)

        #expect(block.contains(try IPAddress(parsing: row.input.1)) == row.output)
    }
}
