import Core
import Testing
import Wire

@testable import sixxsd

@Suite("The way that explain tells of") struct ExplainedWayTests {
    private static let text = """
        pop set details 1 chtst01 192.0.2.42 2001:db8::42
        pop set id 1
        pop tunnelprefix add 2001:db8:2ff::/48
        tunnel set config 0 T1 203.0.113.10 up 1480
        tunnel set config 1 T2 203.0.113.11 disabled 1480
        tunnel set config 2 T3 2001:db8:beef::1 up 1280

        """

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let origin: Explainer.Origin
        let packet: [UInt8]
        let line: String

        init(_ name: String, _ origin: Explainer.Origin, _ packet: [UInt8], _ line: String) {
            self.testDescription = name
            self.origin = origin
            self.packet = packet
            self.line = line
        }
    }

    private static func address(_ text: [UInt8], _ last: UInt8) -> [UInt8] {
        text + [UInt8](repeating: 0, count: 15 - text.count) + [last]
    }

    private static let internet = address([0x20, 1, 0x0d, 0xb8, 0xff, 0xff], 0x80)

    private static func user(_ tid: UInt8) -> [UInt8] { address([0x20, 1, 0x0d, 0xb8, 2, 0xff, 0, tid], 2) }

    private static func inner(
        _ source: [UInt8],
        _ destination: [UInt8],
        size: Int = 48,
        hopLimit: UInt8 = 64
    ) -> [UInt8] {
        let length = size - 40
        return [0x60, 0, 0, 0, UInt8(length >> 8), UInt8(length & 0xff), 59, hopLimit] + source + destination
            + [UInt8](repeating: 7, count: length)
    }

    private static func outer(_ inner: [UInt8], first: UInt8 = 0x45, flags: UInt8 = 0) -> [UInt8] {
        let options = [UInt8](repeating: 1, count: Int(first & 0xf) * 4 - 20)
        let length = 20 + options.count + inner.count
        return [first, 0, UInt8(length >> 8), UInt8(length & 0xff), 0, 1, flags, 0, 64, 41, 0, 0]
            + [203, 0, 113, 10, 192, 0, 2, 42] + options + inner
    }

    private static let up = inner(user(0), internet)

    /// The outer packet of IPv6.
    private static func overIPv6(_ nextHeader: UInt8, _ octets: [UInt8]) -> [UInt8] {
        [0x60, 0, 0, 0, UInt8(octets.count >> 8), UInt8(octets.count & 0xff), nextHeader, 9]
            + address([0x20, 1, 0x0d, 0xb8, 0xbe, 0xef], 1) + address([0x20, 1, 0x0d, 0xb8], 0x42) + octets
    }

    /// The outer packet around GRE.
    private static func inGRE(_ header: [UInt8] = [0, 0, 0x86, 0xdd], around inner: [UInt8]) -> [UInt8] {
        var octets = Self.outer(header + inner)
        octets[9] = 47
        return octets
    }

    // swift-format-ignore
    static let cases = [
        Case("into a tunnel", .uplink, inner(internet, user(0)), "way: the kernel alone"),
        Case("too large for the tunnel", .uplink, inner(internet, user(0), size: 1481), "way: the daemon, it is not just forwarded"),
        Case("into a disabled tunnel", .uplink, inner(internet, user(1)), "way: the daemon, it is not just forwarded"),
        Case("with octets behind it", .uplink, inner(internet, user(0)) + [0], "way: the daemon, something stands behind it"),
        Case("to the internet, from there", .uplink, inner(internet, internet), "way: the daemon, it is not just forwarded"),
        Case("out of a tunnel", .wire, outer(up), "way: the kernel alone"),
        Case("out of a tunnel, by its name", .tunnel(TID(rawValue: 0)!), up, "way: the kernel alone"),
        Case("with options in the outer header", .wire, outer(up, first: 0x46), "way: the daemon, the outer header has options"),
        Case("a fragment", .wire, outer(up, flags: 0x20), "way: the daemon, the outer packet is a fragment"),
        Case("the first in GRE", .wire, inGRE(around: up), "way: the daemon, the tunnel's packets came another way before"),
        Case("over IPv6", .wire, overIPv6(41, inner(user(2), internet)), "way: the kernel alone"),
        Case("over IPv6, the first in GRE", .wire, overIPv6(47, [0, 0, 0x86, 0xdd] + inner(user(2), internet)), "way: the daemon, the tunnel's packets came another way before"),
        Case("into a tunnel over IPv6", .uplink, inner(internet, user(2)), "way: the kernel alone"),
        Case("from somebody else", .underlay(.ipv4(IPv4Address(198, 51, 100, 1))), up, "way: the daemon, it is not just forwarded"),
        Case("on its last hop", .wire, outer(inner(user(0), internet, hopLimit: 1)), "way: the daemon, it is not just forwarded"),
    ]

    @Test(arguments: Self.cases)
    func isTheOneThatThePacketWouldTake(_ example: Case) throws {
        let configuration = try Configuration(parsing: Self.text, file: "test.conf")
        let now = Timestamp(monotonic: 1_000_000_000, unixTime: 1_234_567_890)
        var explainer = Explainer(EngineConfiguration(configuration), state: nil, at: now)

        let entries = explainer.explain(example.packet, from: example.origin, at: now)
        let way = ExplainedWay(entries, outer: example.origin == .wire ? example.packet : nil)

        #expect(way.line(nil) == example.line)
    }

    // swift-format-ignore
    static let gre = [
        Case("GRE", .wire, inGRE(around: up), "way: the kernel alone"),
        Case("into a tunnel", .uplink, inner(internet, user(0)), "way: the kernel alone"),
        Case("out of a tunnel, by its name", .tunnel(TID(rawValue: 0)!), up, "way: the kernel alone"),
        Case("GRE with a key", .wire, inGRE([0x20, 0, 0x86, 0xdd, 0, 0, 0, 7], around: up), "way: the daemon, the GRE header has options"),
        Case("GRE with octets behind it", .wire, inGRE(around: up + [0]), "way: the daemon, something stands behind it"),
        Case("GRE, a fragment", .wire, { var octets = inGRE(around: up); octets[6] = 0x20; return octets }(), "way: the daemon, the outer packet is a fragment"),
        Case("6in4", .wire, outer(up), "way: the daemon, the tunnel's packets came another way before"),
    ]

    @Test(arguments: Self.gre)
    func isTheOneThatThePacketWouldTakeOfAUserOfGRE(_ example: Case) throws {
        let configuration = try Configuration(parsing: Self.text, file: "test.conf")
        let now = Timestamp(monotonic: 1_000_000_000, unixTime: 1_234_567_890)
        var explainer = Explainer(EngineConfiguration(configuration), state: nil, at: now)
        _ = explainer.explain(Self.inGRE(around: Self.up), from: .wire, at: now)

        let entries = explainer.explain(example.packet, from: example.origin, at: now)
        let way = ExplainedWay(entries, outer: example.origin == .wire ? example.packet : nil)

        #expect(way.line(nil) == example.line)
    }

    @Test func isTheDaemonsWhereTheTunnelIsSpecial() throws {
        let configuration = try Configuration(parsing: Self.text, file: "test.conf")
        let now = Timestamp(monotonic: 1_000_000_000, unixTime: 1_234_567_890)
        var explainer = Explainer(EngineConfiguration(configuration), state: nil, at: now)

        let way = ExplainedWay(explainer.explain(Self.outer(Self.up), from: .wire, at: now))

        #expect(way.tid == TID(rawValue: 0))
        #expect(way.line(.traced) == "way: the daemon, it is traced")
    }
}
