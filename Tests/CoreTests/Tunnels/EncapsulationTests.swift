import Core
import TestSupport
import Testing
import Wire

@Suite("Encapsulation") struct EncapsulationTests {
    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        let label: String
        let inner: HexadecimalOctets
        let packet: HexadecimalOctets

        var testDescription: String { self.label }
    }

    private static let vectors = Vectors<Vector>.load("encapsulations")

    /// The PoP at one end of the vectors' path and the user at the other.
    private static func pop(at local: String, remote: String) -> TestPoP {
        TestPoP(
            """
            pop set details 1 a \(local) 2001:db8:42::1
            pop set id 1
            pop tunnelprefix add 2001:db8:2ff::/48
            tunnel set config 0 T1 \(remote) up 1480
            tunnel set config 1 T2 \(remote) up 1480
            """
        )
    }

    private static let beat = Packet.udp(Plan.them(1), Plan.internet)

    /// A packet but for the identification, which may be anything where DF is set (RFC 6864 §4.1), and the checksum over it.
    private static func unmarked(_ packet: [UInt8]) -> [UInt8] {
        packet.with(word: 0, at: IPv4Header.Offset.identification).with(
            word: 0,
            at: IPv4Header.Offset.checksum
        )
    }

    @Test func producesThe6in4Vector() throws {
        let vector = try #require(Self.vectors.first { $0.label.hasPrefix("6in4") })
        let pop = Self.pop(at: "192.0.2.1", remote: "192.0.2.2")

        let outcome = pop.fromUplink(vector.inner.octets)

        let sent = try #require(outcome.sent).octets
        #expect(try IPv4Packet(sent.span.bytes).hasValidChecksum)
        #expect(Self.unmarked(sent) == Self.unmarked(vector.packet.octets))
    }

    /// The GRE vector carries a user's packet: with source and destination exchanged inside, it is one for the user.
    @Test func producesTheGREVector() throws {
        let vector = try #require(Self.vectors.first { $0.label == "GRE v0 without options, IPv6 inside" })
        let pop = Self.pop(at: "192.0.2.1", remote: "192.0.2.2")
        _ = pop.fromUnderlay(.gre(Self.beat, from: ip("192.0.2.2")).to(ip("192.0.2.1")))
        let inner = vector.inner.octets
        let exchanged = Array(inner[..<8] + inner[24..<40] + inner[8..<24] + inner[40...])

        let outcome = pop.fromUplink(exchanged)

        let sent = try #require(outcome.sent).octets
        #expect(try IPv4Packet(sent.span.bytes).hasValidChecksum)
        #expect(Self.unmarked(sent) == Self.unmarked(Array(vector.packet.octets[..<24]) + exchanged))
    }

    @Test(arguments: Self.vectors.dropFirst())
    func acceptsTheVectors(_ vector: Vector) {
        let pop = Self.pop(at: "192.0.2.2", remote: "192.0.2.1")

        let outcome = pop.fromRawIPv4(vector.packet.octets)

        #expect(outcome.fate == .forwarded)
        #expect(outcome.sent?.isToUplink == true)
        #expect(outcome.sent?.octets == vector.inner.octets.with(0x3f, at: 7))
        #expect(pop.tunnel(1).encapsulation == .gre)
    }

    @Test func refusesTheVectorsFromElsewhere() {
        for vector in Self.vectors.dropFirst() {
            let pop = Self.pop(at: "192.0.2.2", remote: "192.0.2.9")
            let outcome = pop.fromRawIPv4(vector.packet.octets)
            #expect(outcome == .nothing(but: .dropped(.wrongEndpoint)), "\(vector)")
            #expect(pop.errors(on: 1) == [.wrongSourceIPv4: 1])
        }
    }

    // MARK: - GRE (RFC 2784, RFC 2890, RFC 7676)

    private static let up = Packet.udp(Plan.them(0), Plan.internet, hopLimit: 9)

    /// A GRE packet with a checksum over all of it.
    private static func summed(flags: UInt16, options: [UInt8] = [], _ inner: [UInt8]) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: 8).with(word: flags, at: 0).with(word: 0x86dd, at: 2)
        octets += options + inner
        var checksum = InternetChecksum()
        checksum.add(octets.span.bytes)
        return octets.with(word: checksum.value, at: 4)
    }

    // swift-format-ignore
    static let gre: [Row<[UInt8], Fate>] = [
        Row("no options",            octets("0000 86dd") + up, is: .forwarded),
        Row("a key",                 octets("2000 86dd 01020304") + up, is: .forwarded),
        Row("a sequence number",     octets("1000 86dd 00000001") + up, is: .forwarded),
        Row("key and sequence",      octets("3000 86dd 01020304 00000001") + up, is: .forwarded),
        Row("a checksum",            summed(flags: 0x8000, up), is: .forwarded),
        Row("a checksum over an odd count", summed(flags: 0x8000, up + [0x5a]), is: .forwarded),
        Row("all options",           summed(flags: 0xb000, options: octets("01020304 00000001"), up), is: .forwarded),
        Row("a wrong checksum",      summed(flags: 0x8000, up).with(0x99, at: 5), is: .dropped(.wrongChecksum)),
        Row("a payload bit flipped", summed(flags: 0x8000, up).with(0x99, at: 60), is: .dropped(.wrongChecksum)),
        Row("a checksum of nothing", octets("8000 86dd 00000000") + up, is: .dropped(.wrongChecksum)),
        Row("bits 6 and 7 set",      octets("0300 86dd") + up, is: .forwarded),
        Row("bits 8 to 12 set",      octets("00f8 86dd") + up, is: .forwarded),
        Row("bit 1 (routing)",       octets("4000 86dd") + up, is: .dropped(.malformedPacket)),
        Row("bit 4 (strict route)",  octets("0800 86dd") + up, is: .dropped(.malformedPacket)),
        Row("bit 5 (recursion)",     octets("0400 86dd") + up, is: .dropped(.malformedPacket)),
        Row("version 1 (PPTP)",      octets("0001 86dd") + up, is: .dropped(.malformedPacket)),
        Row("version 7",             octets("0007 86dd") + up, is: .dropped(.malformedPacket)),
        Row("IPv4 inside",           octets("0000 0800") + up, is: .dropped(.nonIPv6Payload)),
        Row("Ethernet inside",       octets("0000 6558") + up, is: .dropped(.nonIPv6Payload)),
        Row("nothing",               [], is: .dropped(.malformedPacket)),
        Row("three octets",          octets("0000 86"), is: .dropped(.malformedPacket)),
        Row("a header alone",        octets("0000 86dd"), is: .dropped(.malformedPacket)),
        Row("half a key",            octets("2000 86dd 0102"), is: .dropped(.malformedPacket)),
        Row("IPv6 announced, IPv4 inside", octets("0000 86dd") + up.with(0x45, at: 0), is: .dropped(.nonIPv6Payload)),
    ]

    @Test(arguments: Self.gre)
    func takesGREWith(_ row: Row<[UInt8], Fate>) {
        let pop = TestPoP()
        var packet = OuterPacket.gre([], from: Plan.remote(of: 0))
        packet.payload = row.input

        let outcome = pop.fromUnderlay(packet)

        #expect(outcome.fate == row.output)
        #expect(outcome.sent?.octets == (row.output == .forwarded ? Self.up.with(8, at: 7) : nil))
        #expect(pop.tunnel(0).encapsulation == (row.output == .forwarded ? .gre : .sixInFour))
    }

    // MARK: - Raw IPv4

    private static func ipv4(_ payload: [UInt8], protocolNumber: UInt8 = 41, options: [UInt8] = []) -> [UInt8]
    {
        let length = 20 + options.count
        let header = IPv4Header(
            totalLength: UInt16(length + payload.count),
            timeToLive: 60,
            protocolNumber: protocolNumber,
            source: IPv4Address(198, 51, 100, 1),
            destination: IPv4Address(192, 0, 2, 1)
        )
        let plain = written(20, before: []) { header.encode(into: &$0, at: 0) }
        return plain.with(UInt8(0x40 + length / 4), at: 0) + options + payload
    }

    // swift-format-ignore
    static let rawPackets: [Row<[UInt8], Fate>] = [
        Row("a plain one",                ipv4(up), is: .forwarded),
        Row("IPv4 options",               ipv4(up, options: octets("0101010101010100")), is: .forwarded),
        Row("octets behind its length",   ipv4(up) + [1, 2, 3], is: .forwarded),
        Row("GRE",                        ipv4(octets("0000 86dd") + up, protocolNumber: 47), is: .forwarded),
        Row("nothing",                    [], is: .dropped(.malformedPacket)),
        Row("half a header",              Array(ipv4(up).prefix(10)), is: .dropped(.malformedPacket)),
        Row("a header alone",             Array(ipv4([])), is: .dropped(.malformedPacket)),
        Row("an IPv6 header",             up, is: .dropped(.malformedPacket)),
        Row("header length 4",            ipv4(up).with(0x44, at: 0), is: .dropped(.malformedPacket)),
        Row("total length beyond the packet", ipv4(up).with(word: 2000, at: 2), is: .dropped(.malformedPacket)),
        Row("total length under the header", ipv4(up).with(word: 19, at: 2), is: .dropped(.malformedPacket)),
        Row("total length cutting the inner packet", ipv4(up).with(word: 40, at: 2), is: .dropped(.malformedPacket)),
    ]

    @Test(arguments: Self.rawPackets)
    func takesFromARawSocket(_ row: Row<[UInt8], Fate>) {
        let pop = TestPoP()

        let outcome = pop.fromRawIPv4(row.input)

        #expect(outcome.fate == row.output)
        #expect(outcome.sent?.octets == (row.output == .forwarded ? Self.up.with(8, at: 7) : nil))
    }

    // MARK: - What goes out

    struct Way: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let kind: OuterPayload
        let remote: String
        let overhead: Int
    }

    // swift-format-ignore
    static let ways = [
        Way(testDescription: "6in4",            kind: .sixInFour, remote: "198.51.100.1",       overhead: 20),
        Way(testDescription: "6in6",            kind: .sixInFour, remote: "2001:db8:beef::1",   overhead: 40),
        Way(testDescription: "GRE over IPv4",   kind: .gre,       remote: "198.51.100.1",       overhead: 24),
        Way(testDescription: "GRE over IPv6",   kind: .gre,       remote: "2001:db8:beef::1",   overhead: 44),
        Way(testDescription: "AYIYA over IPv4", kind: .ayiya,     remote: "198.51.100.1",       overhead: 72),
        Way(testDescription: "AYIYA over IPv6", kind: .ayiya,     remote: "2001:db8:beef::1",   overhead: 92),
        Way(testDescription: "heartbeat over IPv4", kind: .heartbeat, remote: "198.51.100.1",     overhead: 20),
        Way(testDescription: "heartbeat over IPv6", kind: .heartbeat, remote: "2001:db8:beef::1", overhead: 40),
    ]

    /// A PoP whose tunnel 0 travels that way.
    private static func pop(_ way: Way, options: String = "") -> TestPoP {
        let remote = ip(way.remote)
        let isDynamic = way.kind == .ayiya || way.kind == .heartbeat
        let end = isDynamic ? "dynamic up 1280 secret" : "\(way.remote) up 1280"
        let pop = TestPoP(Plan.popLines + options + "tunnel set config 0 T1 \(end)\n")
        let beat: OuterPacket =
            switch way.kind {
            case .sixInFour: .sixInFour(Self.up, from: remote)
            case .gre: .gre(Self.up, from: remote)
            case .ayiya: .ayiya(.noOperation, tid: 0, password: "secret", from: remote, port: 4242)
            default: .heartbeat(tid: 0, password: "secret", from: remote)
            }
        #expect(pop.fromUnderlay(beat).fate != .answered)
        return pop
    }

    @Test(arguments: Self.ways)
    func isSoundBothWays(_ way: Way) throws {
        let pop = Self.pop(way)
        let inner = Packet.udp(Plan.internet, Plan.them(0), size: 1280, trafficClass: 0xb9)

        let outcome = pop.fromUplink(inner)
        let sent = try #require(outcome.sent)
        let outer = try OuterPacket(wholePacket: sent.octets)

        #expect(outcome.fate == .forwarded)
        #expect(sent.destination == .underlay(ip(way.remote), tunnel: tid(0), .forwarded))
        #expect(sent.octets.count == 1280 + way.overhead)
        #expect(outer.inner == inner)
        #expect(outer.hopLimit == 64)
        #expect(outer.trafficClass == 0xb9)
        #expect(outer.path.remote == ip(way.remote))
        #expect(outer.path.local == (way.remote.contains(":") ? Plan.popIPv6 : Plan.popIPv4))
        #expect(outer.path.localPort == (way.kind == .ayiya ? 5072 : 0))
        #expect(outer.path.remotePort == (way.kind == .ayiya ? 4242 : 0))
        #expect(pop.tunnel(0).encapsulation.overhead(toward: ip(way.remote)) == way.overhead)
    }

    @Test func signsWhatItSendsAsThePoP() throws {
        let pop = Self.pop(Self.ways[4])
        pop.advance(seconds: 17)

        let outcome = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(0)))
        let outer = try OuterPacket(wholePacket: try #require(outcome.sent).octets)
        let packet = try AYIYAPacket(outer.payload.span.bytes)

        #expect(packet.identity == Plan.us(0))
        #expect(packet.opcode == .forward)
        #expect(packet.nextHeader == ProtocolNumber.ipv6)
        #expect(packet.epochTime == UInt32(Plan.startTime + 17))
        #expect(packet.hasSignature(by: AYIYASecret(password: "secret")) == true)
    }

    @Test(arguments: Self.ways.filter { $0.kind != .gre })
    func copiesEveryTrafficClass(_ way: Way) throws {
        let pop = Self.pop(way)

        for trafficClass in UInt8.min ... .max {
            let inner = Packet.udp(Plan.internet, Plan.them(0), trafficClass: trafficClass)
            let sent = try #require(pop.fromUplink(inner).sent)
            #expect(try OuterPacket(wholePacket: sent.octets).trafficClass == trafficClass)
        }
    }

    /// RFC 6864 §4: identifications of packets that may be fragmented do not repeat; those of others may be anything.
    @Test func numbersPacketsThatMayBeFragmented() throws {
        let pop = Self.pop(Self.ways[0], options: "pop set path-mtu static\n")
        var seen: Set<UInt16> = []

        for _ in 0..<2000 {
            let sent = try #require(pop.fromUplink(Packet.udp(Plan.internet, Plan.them(0))).sent)
            let packet = try IPv4Packet(sent.octets.span.bytes)
            #expect(packet.dontFragment == false)
            seen.insert(packet.identification)
        }

        #expect(seen.count == 2000)
    }

    /// Those of one tunnel look alike, so that links may merge them, and like nobody else's.
    @Test func marksPacketsThatMustNotBeFragmented() throws {
        let pop = Self.pop(Self.ways[0])
        var seen: Set<UInt16> = []

        for _ in 0..<20 {
            let sent = try #require(pop.fromUplink(Packet.udp(Plan.internet, Plan.them(0), size: 1280)).sent)
            let packet = try IPv4Packet(sent.octets.span.bytes)
            #expect(packet.dontFragment == true)
            seen.insert(packet.identification)
        }

        #expect(seen.count == 1)
        // The kernel numbers what has none, and counts the datagrams of one message from 0 on.
        #expect(seen.allSatisfy { $0 >= 64 })
    }
}

extension OuterPacket {
    /// The same, sent to another of our addresses.
    func to(_ local: IPAddress) -> OuterPacket {
        var copy = self
        copy.path.local = local
        return copy
    }
}
