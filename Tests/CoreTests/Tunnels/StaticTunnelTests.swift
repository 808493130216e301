import Core
import TestSupport
import Testing
import Wire

@Suite("A static tunnel") struct StaticTunnelTests {
    private static let up = Packet.udp(Plan.them(0), Plan.internet)
    private static let down = Packet.udp(Plan.internet, Plan.them(0))

    @Test func isUpFromTheStartAsIn6in4() {
        let pop = TestPoP()

        #expect(pop.tunnel(0).condition == .up)
        #expect(pop.tunnel(0).path == OuterPath(local: Plan.popIPv4, remote: Plan.remote(of: 0)))
        #expect(pop.tunnel(5).path == OuterPath(local: Plan.popIPv6, remote: Plan.remote(of: 5)))
        #expect(pop.fromUplink(Self.down).sent?.octets[9] == ProtocolNumber.ipv6)
    }

    @Test func switchesWithTheLastValidPacket() {
        let pop = TestPoP()
        let remote = Plan.remote(of: 0)

        for protocolNumber in [47, 41, 41, 47, 47, 41] as [UInt8] {
            let packet: OuterPacket =
                protocolNumber == 47 ? .gre(Self.up, from: remote) : .sixInFour(Self.up, from: remote)
            #expect(pop.fromUnderlay(packet).fate == .forwarded)
            #expect(pop.fromUplink(Self.down).sent?.octets[9] == protocolNumber)
        }
    }

    @Test func switchesOverIPv6Too() {
        let pop = TestPoP()
        let remote = Plan.remote(of: 5)
        _ = pop.fromUnderlay(.gre(Packet.udp(Plan.them(5), Plan.internet), from: remote))

        let sent = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(5))).sent

        #expect(sent?.octets[6] == ProtocolNumber.gre)
        #expect(sent?.remote == remote)
    }

    // swift-format-ignore
    static let strangers: [Row<OuterPacket, DropReason>] = [
        Row("from elsewhere",             .gre(up, from: Plan.elsewhere),          is: .wrongEndpoint),
        Row("from another tunnel's end",  .gre(up, from: Plan.remote(of: 4)),      is: .wrongEndpoint),
        Row("from an IPv6 address",       .gre(up, from: Plan.remote(of: 5)),      is: .wrongEndpoint),
        Row("with reserved bits",         .gre(up, from: Plan.remote(of: 0), flags: 0x4000), is: .malformedPacket),
        Row("with a foreign source",      .gre(Packet.udp(Plan.internet, Plan.internet), from: Plan.remote(of: 0)), is: .spoofedSource),
        Row("with our own source",        .gre(Packet.udp(Plan.us(0), Plan.internet), from: Plan.remote(of: 0)), is: .spoofedSource),
        Row("with another's source",      .gre(Packet.udp(Plan.them(4), Plan.internet), from: Plan.remote(of: 0)), is: .wrongEndpoint),
        Row("with the source of no tunnel", .gre(Packet.udp(Plan.them(7), Plan.internet), from: Plan.remote(of: 0)), is: .missingTunnel),
    ]

    @Test(arguments: Self.strangers)
    func isNotSwitchedByAPacket(_ row: Row<OuterPacket, DropReason>) {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(row.input)

        #expect(outcome == .nothing(but: .dropped(row.output)))
        #expect(pop.tunnel(0).encapsulation == .sixInFour)
        #expect(pop.tunnel(0).path?.remote == Plan.remote(of: 0))
    }

    /// Such packets come from the right address but are not valid (daemon.md section 2).
    // swift-format-ignore
    static let invalid: [Row<OuterPacket, Void>] = [
        Row("from another address of the /64", .gre(Packet.udp(Plan.address(0, 9), Plan.internet), from: Plan.remote(of: 0)), is: ()),
        Row("with congestion on a not capable one", OuterPacket.gre(up, from: Plan.remote(of: 0)).marked(3), is: ()),
    ]

    @Test(arguments: Self.invalid)
    func isNotSwitchedByAnInvalidPacket(_ row: Row<OuterPacket, Void>) {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(row.input)

        #expect(outcome.fate != .forwarded)
        #expect(pop.tunnel(0).encapsulation == .sixInFour)
    }

    /// RFC 1122 §3.2.1.3: whoever answered a group would answer for all who are in it.
    // swift-format-ignore
    static let groups: [Row<OuterPacket, Void>] = [
        Row("6in4 to all hosts",           OuterPacket.sixInFour(up, from: Plan.remote(of: 0)).to(ip("224.0.0.1")), is: ()),
        Row("GRE to the limited broadcast", OuterPacket.gre(up, from: Plan.remote(of: 0)).to(ip("255.255.255.255")), is: ()),
        Row("6in6 to all nodes",           OuterPacket.sixInFour(Packet.udp(Plan.them(5), Plan.internet), from: Plan.remote(of: 5)).to(ip("ff02::1")), is: ()),
        Row("AYIYA to all hosts",          OuterPacket.ayiya(.noOperation).to(ip("224.0.0.1")), is: ()),
        Row("a beat to all hosts",         OuterPacket.heartbeat().to(ip("224.0.0.1")), is: ()),
    ]

    @Test(arguments: Self.groups)
    func doesNotAdoptTheAddressOfAGroup(_ row: Row<OuterPacket, Void>) {
        let pop = TestPoP()

        let outcome = pop.fromUnderlay(row.input)

        #expect(outcome == .nothing(but: .dropped(.impossibleDestination)))
        for number in [0, 5] as [UInt16] { #expect(pop.tunnel(number).path?.local.isGroup == false) }
        for number in [1, 2] as [UInt16] { #expect(pop.tunnel(number).condition == .down) }
    }

    /// Which of a host's addresses are those of its links' broadcast, the kernel alone knows.
    @Test func doesNotAdoptABroadcastAddress() {
        let pop = TestPoP()
        let inner = Self.up
        let header = IPv4Header(
            totalLength: UInt16(20 + inner.count),
            timeToLive: 60,
            protocolNumber: ProtocolNumber.ipv6,
            source: IPv4Address(198, 51, 100, 1),
            destination: IPv4Address(192, 0, 2, 255)
        )
        let packet = written(20, before: inner) { header.encode(into: &$0, at: 0) }

        #expect(pop.fromRawIPv4(packet, isBroadcast: true) == .nothing(but: .dropped(.impossibleDestination)))
        #expect(pop.tunnel(0).path?.local == Plan.popIPv4)
        #expect(pop.fromRawIPv4(packet).fate == .forwarded)
        #expect(pop.tunnel(0).path?.local == ip("192.0.2.255"))
    }

    /// Nobody can be answered there.
    @Test(arguments: ["224.0.0.1", "255.255.255.255", "0.0.0.0", "ff02::1", "::"])
    func takesNothingFromWhatIsNoHost(_ source: String) {
        let pop = TestPoP()

        let outcomes = [
            pop.fromUnderlay(.ayiya(.noOperation, from: ip(source))),
            pop.fromUnderlay(.heartbeat(from: ip(source))),
            pop.fromUnderlay(.sixInFour(Self.up, from: ip(source))),
        ]

        for outcome in outcomes { #expect(outcome == .nothing(but: .dropped(.wrongEndpoint))) }
        for number in [1, 2] as [UInt16] { #expect(pop.tunnel(number).condition == .down) }
    }

    @Test func ignoresBeatsEvenWithAPassword() {
        let pop = TestPoP(Plan.popLines + "tunnel set config 0 T1 198.51.100.1 up 1280 secret\n")

        let signed = pop.fromUnderlay(.ayiya(.noOperation, tid: 0, password: "secret"))
        let heartbeat = pop.fromUnderlay(.heartbeat(tid: 0, password: "secret"))

        #expect(signed.fate == .dropped(.nonAYIYAPacket))
        #expect(heartbeat.fate == .dropped(.nonHeartbeatPacket))
        #expect(pop.tunnel(0).path?.remote == ip("198.51.100.1"))
    }

    @Test func mayShareItsEndWithAnother() {
        let pop = TestPoP(
            Plan.popLines + "tunnel set config 0 T1 198.51.100.1 up 1280\n"
                + "tunnel set config 9 T9 198.51.100.1 up 1280\n"
        )
        let remote = ip("198.51.100.1")

        let first = pop.fromUnderlay(.sixInFour(Self.up, from: remote))
        let second = pop.fromUnderlay(.sixInFour(Packet.udp(Plan.them(9), Plan.internet), from: remote))

        #expect(first.fate == .forwarded && second.fate == .forwarded)
        #expect(pop.tunnel(0).traffic.ingress.packets == 1)
        #expect(pop.tunnel(9).traffic.ingress.packets == 1)
    }

    @Test func countsASpoofedInnerSourceOnce() {
        let pop = TestPoP()

        _ = pop.fromUnderlay(.sixInFour(Packet.udp(Plan.internet, Plan.them(1)), from: Plan.remote(of: 0)))

        let counted = [nil, 0, 1].map { pop.errors(on: $0) }
        #expect(counted.flatMap(\.values).reduce(0, +) == 1)
    }

    /// A sweep of inner sources that are not the tunnel's: none is forwarded.
    @Test func forwardsNoSpoofedSource() {
        let pop = TestPoP(Plan.generousText)
        var generator = SeededGenerator(seed: 38)

        for round in 0..<2000 {
            var source = generator.address()
            if round % 2 == 0 {
                source = Plan.address(
                    UInt16.random(in: 1...0x7fff, using: &generator),
                    UInt64.random(in: 0...3, using: &generator)
                )
            }
            let outcome = pop.fromUnderlay(
                .sixInFour(Packet.udp(source, Plan.internet), from: Plan.remote(of: 0))
            )
            #expect(outcome.fate != .forwarded, "\(source)")
            #expect(outcome.sent == nil, "\(source)")
        }
        #expect(pop.engine.accounting.forwarded == 0)
    }

    /// Without `pop set id` the PoP does not know its own address.
    @Test func withoutOurOwnAddressForwardsNothingAndSaysSo() {
        let pop = TestPoP(
            "pop tunnelprefix add 2001:db8:2ff::/48\ntunnel set config 0 T1 198.51.100.1 up 1280\n"
        )

        let outcome = pop.fromUplink(Self.down)

        #expect(outcome.sent == nil || outcome.sent?.isToUplink == true)
        #expect(outcome.fate == .dropped(.sendFailure))
        #expect(pop.errors(on: 0) == [.sendError: 1])
    }
}
