import TestSupport
import Testing
import Wire

@Suite("An IPv6 prefix") struct IPv6PrefixTests {
    // swift-format-ignore
    static let good: [Row<String, String>] = [
        Row("tunnel prefix",         "2001:db8:2ff::/48",    is: "2001:db8:2ff::/48"),
        Row("written in full",       "2001:DB8:2FF:0:0:0:0:0/48", is: "2001:db8:2ff::/48"),
        Row("everything",            "::/0",                 is: "::/0"),
        Row("one bit",               "8000::/1",             is: "8000::/1"),
        Row("upper half exactly",    "0:0:0:1::/64",         is: "0:0:0:1::/64"),
        Row("a bit in the low half", "::8000:0:0:0/65",      is: "::8000:0:0:0/65"),
        Row("all but one bit",       "::2/127",              is: "::2/127"),
        Row("one address",           "::1/128",              is: "::1/128"),
        Row("without a length",      "2001:db8::1",          is: "2001:db8::1/128"),
        Row("length with zeros",     "2001:db8::/032",       is: "2001:db8::/32"),
    ]

    @Test(arguments: Self.good)
    func parsesAndFormats(_ row: Row<String, String>) throws {
        let prefix = try IPv6Prefix(parsing: row.input)

        #expect(prefix.description == row.output)
        #expect(try IPv6Prefix(parsing: row.output) == prefix)
    }

    static let bad = [
        "", "/", "/48", "2001:db8::/", "2001:db8::/129", "2001:db8::/-1", "2001:db8::/+48", "2001:db8::/0048",
        "2001:db8::/4x", "2001:db8::/48/48", "2001:db8::/48 ", "192.0.2.0/24", "2001:db8::1/", "::/٤", "x/48",
    ]

    @Test(arguments: Self.bad)
    func refuses(_ text: String) {
        #expect(throws: SyntaxError(expected: "an IPv6 prefix such as 2001:db8::/48", found: text)) {
            try IPv6Prefix(parsing: text)
        }
    }

    // swift-format-ignore
    static let strayBits: [Row<String, String>] = [
        Row("one bit too many",         "2001:db8:2ff:8000::/48", is: "2001:db8:2ff::/48"),
        Row("host of a network",        "2001:db8::1/64",         is: "2001:db8::/64"),
        Row("last bit",                 "::1/127",                is: "::/127"),
        Row("just past the upper half", "::8000:0:0:0/64",        is: "::/64"),
        Row("first bit of all",         "8000::/0",               is: "::/0"),
    ]

    @Test(arguments: Self.strayBits)
    func refusesBitsBeyondItsLengthAndSaysWhatWasMeant(_ row: Row<String, String>) {
        let expected = "a prefix without bits beyond its length, \(row.output)"

        #expect(throws: SyntaxError(expected: expected, found: row.input)) {
            try IPv6Prefix(parsing: row.input)
        }
    }

    @Test func refusesALengthOutOfRangeButClampsOneThatContains() {
        #expect(IPv6Prefix(.unspecified, length: -1) == nil)
        #expect(IPv6Prefix(.unspecified, length: 129) == nil)
        #expect(IPv6Prefix(containing: .loopback, length: -1) == IPv6Prefix(.unspecified, length: 0))
        #expect(IPv6Prefix(containing: .loopback, length: 129) == IPv6Prefix(.loopback, length: 128))
    }

    @Test(arguments: 0...128)
    func masksEachLengthAsBitByBitArithmeticDoes(_ length: Int) {
        let ones = IPv6Address(high: .max, low: .max)
        let high = (0..<64).reduce(UInt64(0)) { $0 << 1 | ($1 < length ? 1 : 0) }
        let low = (64..<128).reduce(UInt64(0)) { $0 << 1 | ($1 < length ? 1 : 0) }

        let prefix = IPv6Prefix(containing: ones, length: length)

        #expect(prefix.address == IPv6Address(high: high, low: low))
        #expect(prefix.length == length)
        #expect(prefix.contains(ones))
        #expect(prefix.contains(.unspecified) == (length == 0))
    }

    // swift-format-ignore
    static let members: [Row<(String, String), Bool>] = [
        Row("first address",           ("2001:db8:2ff::/48", "2001:db8:2ff::"),                    is: true),
        Row("last address",            ("2001:db8:2ff::/48", "2001:db8:2ff:ffff:ffff:ffff:ffff:ffff"), is: true),
        Row("address before",          ("2001:db8:2ff::/48", "2001:db8:2fe:ffff:ffff:ffff:ffff:ffff"), is: false),
        Row("address after",           ("2001:db8:2ff::/48", "2001:db8:300::"),                    is: false),
        Row("the one address",         ("::1/128", "::1"),                                         is: true),
        Row("next to the one address", ("::1/128", "::2"),                                         is: false),
        Row("anything",                ("::/0", "ffff::"),                                         is: true),
    ]

    @Test(arguments: Self.members)
    func containsItsAddresses(_ row: Row<(String, String), Bool>) throws {
        let prefix = try IPv6Prefix(parsing: row.input.0)

        #expect(prefix.contains(try IPv6Address(parsing: row.input.1)) == row.output)
    }

    // swift-format-ignore
    static let pairs: [Row<(String, String), (contains: Bool, overlaps: Bool)>] = [
        Row("equal",           ("2001:db8::/40", "2001:db8::/40"),    is: (true, true)),
        Row("smaller inside",  ("2001:db8::/40", "2001:db8:ff::/48"), is: (true, true)),
        Row("larger around",   ("2001:db8:ff::/48", "2001:db8::/40"), is: (false, true)),
        Row("beside",          ("2001:db8::/40", "2001:db8:100::/40"), is: (false, false)),
        Row("smaller outside", ("2001:db8::/40", "2001:db8:100::/48"), is: (false, false)),
    ]

    @Test(arguments: Self.pairs)
    func containsAndOverlapsOthers(_ row: Row<(String, String), (contains: Bool, overlaps: Bool)>) throws {
        let left = try IPv6Prefix(parsing: row.input.0)
        let right = try IPv6Prefix(parsing: row.input.1)

        #expect(left.contains(right) == row.output.contains)
        #expect(left.overlaps(right) == row.output.overlaps)
        #expect(right.overlaps(left) == row.output.overlaps)
    }

    @Test func ordersByAddressThenLength() throws {
        let ordered = try ["::/0", "::/64", "::1/128", "2001:db8::/32", "2001:db8::/48", "2001:db9::/32"]
            .map { try IPv6Prefix(parsing: $0) }

        #expect(ordered.reversed().sorted() == ordered)
    }
}
