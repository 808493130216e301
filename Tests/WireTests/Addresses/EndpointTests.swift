import TestSupport
import Testing
import Wire

@Suite("An endpoint") struct EndpointTests {
    // swift-format-ignore
    static let good: [Row<String, Endpoint>] = [
        Row("IPv4",         "192.0.2.1:5072", is: Endpoint(.ipv4(IPv4Address(192, 0, 2, 1)), port: 5072)),
        Row("IPv6",         "[::1]:5072",     is: Endpoint(.ipv6(.loopback), port: 5072)),
        Row("lowest port",  "[::]:0",         is: Endpoint(.ipv6(.unspecified), port: 0)),
        Row("highest port", "0.0.0.0:65535",  is: Endpoint(.ipv4(IPv4Address(0)), port: 65535)),
    ]

    @Test(arguments: Self.good)
    func parsesAndFormats(_ row: Row<String, Endpoint>) throws {
        let endpoint = try Endpoint(parsing: row.input)

        #expect(endpoint == row.output)
        #expect(endpoint.description == row.input)
    }

    static let bad = [
        "", ":", "192.0.2.1", "192.0.2.1:", ":5072", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:-0",
        "192.0.2.1:+1",
        "192.0.2.1:0x50", "192.0.2.1: 1", "192.0.2.1:1 ", "192.0.2.1:1:2", "::1:5072", "[::1]", "[::1]:",
        "[::1:5072",
        "::1]:5072", "[]:5072", "[:5072", "]:5072", "[192.0.2.1]:5072", "[[::1]]:5072", "[::1]5072",
        "host:5072",
        "[::1]:000000005072",
    ]

    @Test(arguments: Self.bad)
    func refuses(_ text: String) {
        #expect(throws: SyntaxError(expected: "an address and port such as 192.0.2.1:5072", found: text)) {
            try Endpoint(parsing: text)
        }
    }
}
