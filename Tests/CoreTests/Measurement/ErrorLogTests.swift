import TestSupport
import Testing
import Wire

@testable import Core

@Suite("The error log") struct ErrorLogTests {
    @Test func keepsCountTimeSourceBeginningAndLengthOfTheLastPacket() throws {
        let pop = TestPoP()
        _ = pop.fromUnderlay(.ayiya(.forward, Packet.udp(Plan.them(0), Plan.internet, size: 99)))
        pop.advance(seconds: 7)
        let source = Plan.address(1, 1)
        let packet = Packet.udp(source, Plan.internet, size: 300)
        _ = pop.fromUnderlay(.ayiya(.forward, packet))

        let sample = try #require(pop.sample(of: .wrongSourceIPv6, on: 1))

        #expect(sample.count == 2)
        #expect(sample.lastTime == Plan.startTime + 7)
        #expect(sample.source == .ipv6(source))
        #expect(sample.octets == Array(packet.prefix(128)))
        #expect(sample.length == 300)
    }

    @Test(arguments: [0, 1, 39, 127, 128, 129, 1000])
    func keepsAtMost128Octets(_ length: Int) throws {
        let pop = TestPoP()
        let datagram = [UInt8](repeating: 0x7e, count: length)
        _ = pop.fromUnderlay(.ayiyaPort(datagram, from: Plan.elsewhere))

        let sample = try #require(pop.sample(of: .ayiyaNonAYIYA, on: nil))

        #expect(sample.octets == Array(datagram.prefix(128)))
        #expect(sample.length == length)
        #expect(sample.source == Plan.elsewhere)
    }

    @Test func keepsEachTunnelAndEachKindApart() {
        let pop = TestPoP()
        _ = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(3)))
        _ = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(4), size: 1300))
        _ = pop.fromUnderlay(.sixInFour(Packet.udp(Plan.them(0), Plan.them(0)), from: Plan.remote(of: 0)))
        _ = pop.fromUnderlay(.sixInFour(Packet.udp(Plan.them(0), Plan.internet), from: Plan.elsewhere))
        _ = pop.fromUplink(Packet.udp(Plan.them(0), Plan.them(4)))

        #expect(pop.errors(on: 3) == [.disabledTunnel: 1])
        #expect(pop.errors(on: 4) == [.packetTooBig: 1])
        #expect(pop.errors(on: 0) == [.sameInterface: 1, .wrongSourceIPv4: 1])
        #expect(pop.errors(on: nil) == [.packetOverUplink: 1])
        #expect(pop.errors(on: 1).isEmpty)
        #expect(pop.sample(of: .clockOff, on: 0) == nil)
    }

    /// What belongs to no tunnel, or to one that is not there, belongs to the PoP itself: there it can be looked up.
    // swift-format-ignore
    static let unowned: [Row<OuterPacket, ErrorKind>] = [
        Row("a stranger",                   .sixInFour(Packet.udp(Plan.internet, Plan.them(0)), from: Plan.elsewhere), is: .wrongSourceIPv6),
        Row("6in4 of no tunnel",            .sixInFour(Packet.udp(Plan.them(7), Plan.internet), from: Plan.elsewhere), is: .wrongSourceIPv6),
        Row("GRE of no tunnel",             .gre(Packet.udp(Plan.them(7), Plan.internet), from: Plan.elsewhere), is: .wrongSourceIPv6),
        Row("6in4 without IPv6",            .sixInFour([0x45, 0, 0, 20], from: Plan.elsewhere), is: .nonIPv6Payload),
        Row("AYIYA of no tunnel",           .ayiya(.noOperation, tid: 7), is: .wrongSourceIPv6),
        Row("AYIYA of the internet",        .ayiya(.noOperation, identity: Plan.internet), is: .wrongSourceIPv6),
        Row("AYIYA from inside a tunnel",   .ayiya(.noOperation, tid: 7, from: .ipv6(Plan.them(0))), is: .wrongSourceIPv4),
        Row("no AYIYA",                     .ayiyaPort([0x7e], from: Plan.elsewhere), is: .ayiyaNonAYIYA),
        Row("a beat of no tunnel",          .heartbeat(tid: 7), is: .wrongSourceIPv6),
        Row("no beat",                      .heartbeatPort([0x7e], from: Plan.elsewhere), is: .heartbeatNonHeartbeat),
    ]

    @Test(arguments: Self.unowned)
    func countsWhatIsNoTunnelsForThePoP(_ row: Row<OuterPacket, ErrorKind>) {
        let pop = TestPoP()

        _ = pop.fromUnderlay(row.input)

        #expect(pop.errors(on: nil) == [row.output: 1])
        for number: UInt16 in [0, 1, 2, 3, 7] { #expect(pop.errors(on: number).isEmpty, "\(number)") }
    }

    @Test func takesNoOffenceAtWhatTheHostSaysToItsOwnLink() {
        let pop = TestPoP()

        _ = pop.fromUplink(Packet.udp(ipv6("::"), ipv6("ff02::16")))
        _ = pop.fromUplink(Packet.udp(ipv6("fe80::1"), ipv6("ff02::2")))
        #expect(pop.errors(on: nil).isEmpty)
        _ = pop.fromUplink(Packet.udp(ipv6("::"), Plan.them(0)))
        #expect(pop.errors(on: nil) == [.wrongSourceIPv6: 1])
    }

    @Test func countsTheMissingTunnelOfAKnownSenderForItsOwn() {
        let pop = TestPoP()

        _ = pop.fromUnderlay(.sixInFour(Packet.udp(Plan.them(7), Plan.internet), from: Plan.remote(of: 0)))

        #expect(pop.errors(on: 0) == [.wrongSourceIPv6: 1])
        #expect(pop.errors(on: nil).isEmpty)
    }

    @Test func isNeverResetByReading() {
        let pop = TestPoP()
        _ = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(3)))

        for _ in 0..<3 { #expect(pop.count(of: .disabledTunnel, on: 3) == 1) }
    }

    @Test func isResetForOneTunnel() {
        let pop = TestPoP()
        _ = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(3)))
        _ = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(4), size: 1300))

        pop.engine.tables.errors.reset(tid(3))

        #expect(pop.errors(on: 3).isEmpty)
        #expect(pop.sample(of: .disabledTunnel, on: 3) == nil)
        #expect(pop.errors(on: 4) == [.packetTooBig: 1])

        _ = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(3)))
        #expect(pop.count(of: .disabledTunnel, on: 3) == 1)
    }

    @Test func countsWhatTheKernelWouldNotSend() {
        let pop = TestPoP()
        let sent = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(0))).sent
        let octets = sent?.octets ?? []

        pop.engine.noteSendError(
            octets.span.bytes,
            tunnel: tid(0),
            toward: Plan.remote(of: 0),
            .forwarded,
            at: pop.now
        )

        #expect(pop.errors(on: 0) == [.sendError: 1])
        #expect(pop.engine.accounting.forwarded == 0)
        #expect(pop.engine.accounting.dropped(because: .sendFailure) == 1)
        #expect(pop.engine.accounting.isBalanced)
    }

    /// The names that operators' scripts know, daemon.md section 7.
    @Test func hasTheNamesOfTheSpecification() {
        let names = """
            Encap.Pkt Too Big · Disabled tunnel · Clock Off · Encap.Pkt Send Error · Same In&Out Interface · \
            Wrong Source IPv6 · Wrong Source IPv4 · Packet over uplink · Non-IPv6 Payload · Non-IPv4 Payload · \
            AYIYA Hash Fail · AYIYA-non-AYIYA · AYIYA Invalid Forward · Heartbeat Hash Fail · HB-non-HB · \
            HB Missing sender · HB Sender Mismatch · HB Missing Time · ICMPv4 Errors Received · \
            ICMPv4 Echo Req. Recv. · Wrong Payload · AYIYA Replay · HB Replay
            """

        #expect(ErrorKind.allCases.map(\.name).joined(separator: " · ") == names)
    }

    @Test(.enabled(if: TestPoP.hasOneEngine))
    func countsTrafficInPacketsAndOctetsOfTheInside() {
        let pop = TestPoP()
        let up = Packet.udp(Plan.them(0), Plan.internet, size: 100)
        for _ in 0..<3 { _ = pop.fromUnderlay(.gre(up, from: Plan.remote(of: 0))) }
        for _ in 0..<2 { _ = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(0), size: 70)) }

        let traffic = pop.tunnel(0).traffic
        let uplink = pop.engine.uplinkTraffic

        #expect(traffic.ingress.packets == 3 && traffic.ingress.octets == 300)
        #expect(traffic.egress.packets == 2 && traffic.egress.octets == 140)
        #expect(uplink.ingress.packets == 2 && uplink.ingress.octets == 140)
        #expect(uplink.egress.packets == 3 && uplink.egress.octets == 300)
        #expect(pop.tunnel(0).lastTimes.ingress == Plan.startTime)
        #expect(pop.tunnel(1).lastTimes.ingress == nil)
    }

    @Test func aTunnelIsIdleUntilItsUserSendsWhateverWeSend() {
        let pop = TestPoP()

        for _ in 0..<60 {
            _ = pop.probes()
            pop.advance(seconds: 1)
        }
        _ = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(0), size: 70))
        #expect(pop.tunnel(0).latency.sent == 1)
        #expect(pop.tunnel(0).lastTimes.egress != nil && pop.tunnel(0).idleSeconds == nil)

        let up = Packet.udp(Plan.them(0), Plan.internet, size: 100)
        _ = pop.fromUnderlay(.gre(up, from: Plan.remote(of: 0)))
        #expect(pop.tunnel(0).idleSeconds == 0)
        pop.advance(seconds: 60)
        #expect(pop.tunnel(0).idleSeconds == 60)
    }
}
