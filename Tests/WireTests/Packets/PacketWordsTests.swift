import TestSupport
import Testing
import Wire

@Suite("Packets in words") struct PacketWordsTests {
    private static func octets(_ digits: String) -> [UInt8] {
        let digits = digits.filter { $0 != " " }.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private static let echo = """
        6000 0000 0008 3a40 20010db8000000000000000000000001 20010db8000000000000000000000002 8000 0000 0001 0001
        """
    private static let inner = "IPv6 2001:db8::1 > 2001:db8::2"
    private static let outer = "45000044 00000000 4029 0000 c0000201 cb007107"

    // swift-format-ignore
    static let packets: [Row<String, [String]>] = [
        Row("an echo request",   echo,                                       is: ["\(inner), ICMPv6, hop limit 64, 48 octets", "ICMPv6 128/0 (echo request)"]),
        Row("6in4",              "\(outer) \(echo)",                         is: ["IPv4 192.0.2.1 > 203.0.113.7, IPv6 inside, TTL 64, 68 octets", "\(inner), ICMPv6, hop limit 64, 48 octets", "ICMPv6 128/0 (echo request)"]),
        Row("AYIYA",             "45000078 00000000 4011 0000 cb007107 c0000201 13d0 13d0 0064 0000 4152 1129 65000000 20010db8000000000000000000000001 \(String(repeating: "00", count: 20)) \(echo)",
            is: ["IPv4 203.0.113.7 > 192.0.2.1, UDP, TTL 64, 120 octets", "UDP port 5072 to 5072, 100 octets", "AYIYA forward, identity 2001:db8::1, signed at 2023-09-12T06:06:56Z", "\(inner), ICMPv6, hop limit 64, 48 octets", "ICMPv6 128/0 (echo request)"]),
        Row("GRE",               "45000048 00000000 402f 0000 c0000201 cb007107 0000 86dd \(echo)", is: ["IPv4 192.0.2.1 > 203.0.113.7, GRE, TTL 64, 72 octets", "GRE, plain, of IPv6", "\(inner), ICMPv6, hop limit 64, 48 octets", "ICMPv6 128/0 (echo request)"]),
        Row("GRE with a key",    "45000048 00000000 402f 0000 c0000201 cb007107 2000 0800", is: ["IPv4 192.0.2.1 > 203.0.113.7, GRE, TTL 64, 72 octets", "GRE, flags 0x2000, of protocol 0x800"]),
        Row("a heartbeat",       "45000048 00000000 4011 0000 c0000201 cb007107 d431 0e9c 0034 0000 4842", is: ["IPv4 192.0.2.1 > 203.0.113.7, UDP, TTL 64, 72 octets", "UDP port 54321 to 3740, 52 octets, a heartbeat"]),
        Row("an error",          "45000040 00000000 4001 0000 c0000201 cb007107 0301 0000 00000000 \(outer)", is: ["IPv4 192.0.2.1 > 203.0.113.7, ICMPv4, TTL 64, 64 octets", "ICMPv4 3/1 (destination unreachable), about this packet:", "IPv4 192.0.2.1 > 203.0.113.7, IPv6 inside, TTL 64, 68 octets", "an IP packet: it ends 1 octets before its header does"]),
        Row("a fragment of TCP", "6000 0000 0020 0040 20010db8000000000000000000000001 20010db8000000000000000000000002 2c00 0000 00000000 0600 0001 00000001 01bb d431 00000000 00000000 5012 0000 00000000",
            is: ["\(inner), hop-by-hop options, hop limit 64, 72 octets", "hop-by-hop options, 8 octets, then fragment", "fragment from octet 0 on, of TCP", "TCP port 443 to 54321, SYN ACK"]),
        Row("a later fragment",  "45000044 00000010 4029 0000 c0000201 cb007107 00", is: ["IPv4 192.0.2.1 > 203.0.113.7, IPv6 inside, TTL 64, 68 octets, a fragment from octet 128 on"]),
        Row("too short",         "4500",                                     is: ["IPv4: it ends 18 octets before its header does"]),
        Row("nothing",           "",                                         is: ["an IP packet: it ends 1 octets before its header does"]),
        Row("no version",        "00",                                       is: ["neither IPv4 nor IPv6: the version is 0"]),
        Row("a short header",    "44000044 00000000 4029 0000 c0000201 cb007107", is: ["IPv4 192.0.2.1 > 203.0.113.7, IPv6 inside, TTL 64, 68 octets", "its header is said to be 16 octets long"]),
        Row("another protocol",  "45000044 00000000 4059 0000 c0000201 cb007107", is: ["IPv4 192.0.2.1 > 203.0.113.7, protocol 89, TTL 64, 68 octets"]),
    ]

    static var inputs: [[UInt8]] { Self.packets.map { Self.octets($0.input) } }

    @Test(arguments: Self.packets)
    func areALineAHeader(_ row: Row<String, [String]>) {
        let octets = Self.octets(row.input)
        #expect(PacketWords(octets, length: octets.count).lines == row.output)
    }

    @Test func sayWhatWasNotKept() {
        let octets = Self.octets(Self.echo)
        let lines = PacketWords(Array(octets.prefix(44)), length: octets.count).lines
        #expect(lines.last == "ICMPv6: its other octets were not kept")
    }

    /// IPv6 in IPv6 in IPv6 and so on ends.
    @Test func endSomewhere() {
        let header = Self.octets("6000 0000 0008 2940 \(String(repeating: "00", count: 32))")
        let octets = (0..<100).flatMap { _ in header }
        #expect(PacketWords(octets, length: octets.count).lines.count == 12)
    }
}
