import Testing
import Wire

@testable import Core

@Suite("Plain tunnels") struct PlainTunnelTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let number: UInt16
        let mtu: UInt16?
        let obstacle: PlainTunnel.Obstacle?
        let change: @Sendable (TestPoP) -> Void

        init(
            _ name: String,
            _ number: UInt16,
            _ mtu: UInt16?,
            _ obstacle: PlainTunnel.Obstacle? = nil,
            _ change: @escaping @Sendable (TestPoP) -> Void = { _ in }
        ) {
            self.testDescription = name
            self.number = number
            self.mtu = mtu
            self.obstacle = obstacle
            self.change = change
        }
    }

    private static let beat = OuterPacket.heartbeat()
    private static let inner = Packet.udp(Plan.them(Plan.Tunnel.fixed), Plan.internet)

    // swift-format-ignore
    static let cases = [
        Case("static, over IPv4", Plan.Tunnel.fixed, 1480),
        Case("static, over IPv6", Plan.Tunnel.overIPv6, 1460),
        Case("static, over IPv6, whose path takes less", Plan.Tunnel.overIPv6, 1260) { pop in pop.engine.noteLinkMTU(1300, of: tid(5), at: pop.now) },
        Case("disabled", Plan.Tunnel.disabled, nil, .down),
        Case("not configured", Plan.Tunnel.none, nil, .missing),
        Case("dynamic, before its first beat", Plan.Tunnel.heartbeat, nil, .down),
        Case("dynamic, after a heartbeat", Plan.Tunnel.heartbeat, 1280) { _ = $0.fromUnderlay(beat) },
        Case("dynamic, after beats stopped", Plan.Tunnel.heartbeat, nil, .down) { _ = $0.fromUnderlay(beat); $0.tick(seconds: 400) },
        Case("signed", Plan.Tunnel.ayiya, nil, .signed) { _ = $0.fromUnderlay(.ayiya(.noOperation)) },
        Case("traced", Plan.Tunnel.fixed, nil, .traced) { pop in pop.withEngines { $0.setTracing(of: tid(0), to: true) } },
        Case("after GRE", Plan.Tunnel.fixed, 1480) { _ = $0.fromUnderlay(.gre(inner, from: Plan.remote(of: 0))) },
        Case("after GRE, whose path takes less", Plan.Tunnel.fixed, 1376) { pop in
            _ = pop.fromUnderlay(.gre(inner, from: Plan.remote(of: 0)))
            pop.engine.noteLinkMTU(1400, of: tid(0), at: pop.now)
        },
        Case("whose path takes less", Plan.Tunnel.fixed, 1380) { pop in pop.engine.noteLinkMTU(1400, of: tid(0), at: pop.now) },
        Case("whose path takes less than IPv6 wants", Plan.Tunnel.fixed, 1180) { pop in pop.engine.noteLinkMTU(1200, of: tid(0), at: pop.now) },
        Case("with a static path MTU", Plan.Tunnel.fixed, nil, .staticPathMTU) { $0.apply(Plan.text + "pop set path-mtu static\n") },
    ]

    @Test(arguments: Self.cases)
    func areThoseWhosePacketsNeedNoDecision(_ example: Case) {
        let pop = TestPoP()

        example.change(pop)
        let found = Result { () throws(PlainTunnel.Obstacle) in
            try PlainTunnel(of: tid(example.number), &pop.engine, at: pop.now)
        }

        switch found {
        case .success(let tunnel):
            #expect(tunnel.obstacle == example.obstacle)
            if tunnel.obstacle == nil { #expect(tunnel.mtu == example.mtu) }
        case .failure(let obstacle):
            #expect(obstacle == example.obstacle)
            #expect(example.mtu == nil)
        }
    }

    @Test func haveTheIdentificationsOfThisPartOfTimeAndOfTheNext() throws {
        let pop = TestPoP()
        let packet = Packet.udp(Plan.internet, Plan.them(Plan.Tunnel.fixed))

        let tunnel = try PlainTunnel(of: tid(Plan.Tunnel.fixed), &pop.engine, at: pop.now)
        let now = pop.fromUplink(packet).sent?.octets.word(at: 4)
        pop.advance(seconds: Double(1 << PlainTunnel.slotShift) / 1e9)
        let later = pop.fromUplink(packet).sent?.octets.word(at: 4)

        #expect(Set([now, later]) == [tunnel.evenIdentification, tunnel.oddIdentification])
    }

    @Test func travelAsTheUsersPacketsCame() throws {
        let pop = TestPoP()
        let (gre, sixInFour) = (
            OuterPacket.gre(Self.inner, from: Plan.remote(of: 0)),
            OuterPacket.sixInFour(Self.inner, from: Plan.remote(of: 0))
        )

        var found: [Encapsulation] = []
        for packet in [gre, gre, sixInFour] {
            _ = pop.fromUnderlay(packet)
            found.append(try PlainTunnel(of: tid(0), &pop.engine, at: pop.now).encapsulation)
        }

        #expect(found == [.gre, .gre, .sixInFour])
    }

    @Test func areNamedWhenSomethingOfThemChanged() {
        let pop = TestPoP()
        pop.withEngines { $0.tracksPlainTunnels = true }
        let first = pop.engine.plainChanges
        pop.engine.plainChanges.clear()
        let isQuiet = pop.engine.hasPlainChanges == false
        pop.engine.noteLinkMTU(1400, of: tid(0), at: pop.now)
        let path = pop.engine.plainChanges
        pop.engine.plainChanges.clear()
        pop.apply(Plan.text.replacing("T4004 198.51.100.4 up", with: "T4004 198.51.100.4 disabled"))
        let configuration = pop.engine.plainChanges

        #expect(first.isEverything && isQuiet)
        #expect(path.tids == [tid(0)] && !path.isEverything)
        #expect(configuration.tids.contains(tid(4)) && !configuration.isEverything)
    }

    @Test func areCountedByWhoeverForwardsThem() {
        let pop = TestPoP()
        var passed = TrafficCounters()
        passed.ingress = .init(packets: 3, octets: 300, lastSeen: 7)
        passed.egress = .init(packets: 5, octets: 500, lastSeen: nil)

        passed.count(for: tid(0), in: &pop.engine)

        #expect(pop.tunnel(0).traffic == passed)
        let (uplink, accounting) = (pop.engine.uplinkTraffic, pop.engine.accounting)
        #expect(uplink.egress == passed.ingress)
        #expect(uplink.ingress == passed.egress)
        #expect(accounting.forwarded == 0)
    }
}
