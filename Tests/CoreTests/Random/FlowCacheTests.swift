import TestSupport
import Testing
import Wire

@testable import Core

/// Two PoPs that get the same packets and changes; one of them decides on every packet anew.
private final class Twins {
    private let swift: TestPoP
    private let judge: TestPoP
    private let defersSignatures: Bool
    private var generator: SeededGenerator

    init(seed: UInt64) {
        self.swift = TestPoP(Plan.generousText, seed: seed)
        self.judge = TestPoP(Plan.generousText, seed: seed)
        self.generator = SeededGenerator(seed: seed)
        self.defersSignatures = Bool.random(using: &self.generator)
        let defers = self.defersSignatures
        self.onBoth { $0.withEngines { $0.defersSignatures = defers } }
    }

    private func onBoth(_ body: (TestPoP) -> Void) {
        body(self.swift)
        body(self.judge)
    }

    /// Gives both a packet; the same must become of it.
    func give(_ packet: Given) {
        self.judge.withEngines { $0.tables.flows.forget() }
        let (outcome, expected) = (packet.given(to: self.swift), packet.given(to: self.judge))
        if self.defersSignatures {
            #expect(outcome.unsigned == expected.unsigned, "\(packet)")
        } else {
            #expect(outcome == expected, "\(packet)")
        }
    }

    /// Changes something that decisions are made from.
    func change() {
        switch Int.random(in: 0..<7, using: &self.generator) {
        case 0: self.onBoth { $0.advance(seconds: 1) }
        case 1: self.onBoth { $0.tick(seconds: 1) }
        case 2: self.onBoth { $0.advance(seconds: 0.3) }
        case 3:
            let mtu = Int.random(in: 1300...1500, using: &self.generator)
            let tunnel = tid([0, 1, 4].randomElement(using: &self.generator) ?? 0)
            self.onBoth { pop in pop.engine.noteLinkMTU(mtu, of: tunnel, at: pop.now) }
        case 4:
            let isTraced = Bool.random(using: &self.generator)
            self.onBoth { $0.withEngines { $0.setTracing(of: tid(0), to: isTraced) } }
        default:
            let text = Self.texts.randomElement(using: &self.generator) ?? Plan.generousText
            self.onBoth { $0.apply(text) }
        }
        self.compare()
    }

    /// The usual configuration, more often than any other, and what may be changed in it.
    private static let texts =
        Array(repeating: Plan.generousText, count: 5)
        + [
            ("T4141 198.51.100.1 up 1480", "T4141 198.51.100.1 up 1300"),
            ("T4141 198.51.100.1 up", "T4141 198.51.100.1 disabled"),
            ("T4141 198.51.100.1", "T4142 198.51.100.2"),
            (Plan.ayiyaPassword, "another"),
            (Plan.ayiyaPassword, "another \(Plan.ayiyaPassword) until \(Plan.startTime + 60)"),
            (Plan.ayiyaPassword, "\(Plan.ayiyaPassword) another until \(Plan.startTime + 60)"),
            ("T5072 ayiya up", "T5072 ayiya disabled"),
            ("subnet set config 2001:db8:3001::/48 0", "subnet set config 2001:db8:3001::/48 4"),
            ("pop set id 1", "pop set id 1\npop set path-mtu static"),
            ("192.0.2.1 2001:db8:42::1", "192.0.2.9 2001:db8:42::1"),
        ].map { Plan.generousText.replacing($0.0, with: $0.1) }

    /// What was counted must be the same.
    func compare() {
        let (one, other) = (self.swift, self.judge)
        #expect(one.engine.accounting.forwarded == other.engine.accounting.forwarded)
        #expect(one.engine.accounting.isBalanced)
        #expect(one.engine.uplinkTraffic == other.engine.uplinkTraffic)
        for number in Given.tunnels {
            let (tunnel, expected) = (one.tunnel(number), other.tunnel(number))
            #expect(tunnel.traffic == expected.traffic, "tunnel \(number)")
            #expect(tunnel.lastTimes.beat == expected.lastTimes.beat, "tunnel \(number)")
            #expect(tunnel.path == expected.path && tunnel.condition == expected.condition)
        }
        let (decisions, expected) = (one.engine.takeDecisions(), other.engine.takeDecisions())
        #expect(decisions.entries.map(\.decision) == expected.entries.map(\.decision))
    }
}

/// A packet, and how a PoP gets it.
private enum Given {
    case uplink([UInt8])
    case underlay(OuterPacket)
    case datagram(OuterPacket)

    static let tunnels = [
        Plan.Tunnel.fixed, Plan.Tunnel.ayiya, Plan.Tunnel.narrow, Plan.Tunnel.overIPv6, Plan.Tunnel.last,
    ]

    /// A packet of a tunnel that nobody chose, of few that there are; most are in order.
    init(of tunnel: UInt16, _ generator: inout SeededGenerator) {
        func any<T>(_ usual: T, _ others: T...) -> T {
            let isUsual = Int.random(in: 0..<5, using: &generator) > 0
            return isUsual ? usual : others.randomElement(using: &generator) ?? usual
        }
        let size = any(60, 61, 1280, 1290, 1428)
        let user = any(Plan.them(tunnel), Plan.address(tunnel, 9), ipv6("2001:db8:3001::7"))
        let other = any(Plan.internet, Plan.them(0), Plan.us(tunnel), Plan.address(tunnel, 9))
        let mark: UInt8 = any(0, 1, 2, 3, 0xb8)
        let hopLimit: UInt8 = any(64, 1, 2)
        let down = Packet.udp(other, user, size: size, hopLimit: hopLimit, trafficClass: mark)
        let up = Packet.udp(user, other, size: size, hopLimit: hopLimit, trafficClass: mark)
        let outerMark: UInt8 = any(0, 1, 2, 3, 0xb8)
        let remote = any(Plan.remote(of: tunnel), Plan.elsewhere)
        switch Int.random(in: 0..<8, using: &generator) {
        case 0..<3: self = .uplink(down)
        case 3..<5 where tunnel != Plan.Tunnel.ayiya:
            self = .underlay(.sixInFour(up, from: remote).marked(outerMark))
        case 5 where tunnel != Plan.Tunnel.ayiya: self = .underlay(.gre(up, from: remote).marked(outerMark))
        case 6 where tunnel != Plan.Tunnel.ayiya: self = .underlay(.sixInFour(up, from: remote).padded(3))
        default:
            self = .datagram(
                OuterPacket.ayiya(
                    any(.forward, .echoRequestAndForward, .echoRequest),
                    up,
                    tid: tunnel,
                    time: Plan.startTime + Int64.random(in: 0...2, using: &generator),
                    password: any(Plan.ayiyaPassword, "another"),
                    from: remote
                ).marked(outerMark)
            )
        }
    }

    /// The same packet with another signature, or an octet of its signature or its payload changed.
    func spoilt(_ generator: inout SeededGenerator) -> Given {
        guard case .datagram(var packet) = self else { return self }
        if Bool.random(using: &generator) {
            let password = Bool.random(using: &generator) ? Plan.ayiyaPassword : "another"
            let signature = AYIYASecret(password: password).signature(of: packet.payload.span.bytes)
            packet.payload.replaceSubrange(
                24..<44,
                with: signature.octets.indices.map { signature.octets[$0] }
            )
            return .datagram(packet)
        }
        let place = Int.random(in: 24..<packet.payload.count, using: &generator)
        packet.payload[place] ^= 1
        return .datagram(packet)
    }

    func given(to pop: TestPoP) -> Outcome {
        switch self {
        case .uplink(let packet): pop.fromUplink(packet)
        case .underlay(let packet): pop.fromUnderlay(packet)
        case .datagram(let packet): pop.fromUnderlayVerified(packet)
        }
    }
}

extension Outcome {
    /// The same without the signatures of AYIYA datagrams over IPv4, which may be written later.
    fileprivate var unsigned: Outcome {
        Outcome(fate: self.fate, sent: self.sent.map(\.unsigned), spare: self.spare)
    }
}

extension Transmitted {
    fileprivate var unsigned: Transmitted {
        let isDatagram =
            self.octets.count >= 72 && self.octets[0] == 0x45 && self.octets[9] == ProtocolNumber.udp
        guard isDatagram else { return self }
        let octets = self.octets[..<52] + [UInt8](repeating: 0, count: 20) + self.octets[72...]
        return Transmitted(self.destination, octets) ?? self
    }
}

@Suite("Packets that are like the one before") struct FlowCacheTests {
    @Test(arguments: RandomRun.parts)
    func fareAsIfTheyWereDecidedOnAnew(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<RandomRun.rounds(usually: 12_000) / 100 { Self.run(&generator) }
    }

    private static func run(_ generator: inout SeededGenerator) {
        let twins = Twins(seed: generator.next())
        let tunnel = Given.tunnels.randomElement(using: &generator) ?? 0
        let pool = (0..<6).map { _ in Given(of: tunnel, &generator) }
        var packet = pool[0]
        for _ in 0..<100 {
            switch Int.random(in: 0..<24, using: &generator) {
            case 0..<3: packet = pool.randomElement(using: &generator) ?? packet
            case 3..<5: twins.give(pool.randomElement(using: &generator) ?? packet)
            case 5: twins.give(packet.spoilt(&generator))
            case 6: twins.change()
            default: break
            }
            twins.give(packet)
        }
        twins.compare()
    }

    @Test func doNotHideThatTheUserSignsWithTheNewPassword() {
        let retired = "new \(Plan.ayiyaPassword) until \(Plan.startTime + 60)"
        let pop = TestPoP(Plan.text.replacing(Plan.ayiyaPassword, with: retired))
        let inner = Packet.udp(Plan.them(Plan.Tunnel.ayiya), Plan.internet)
        let fates = [Plan.ayiyaPassword, Plan.ayiyaPassword, "new"].map {
            pop.fromUnderlayVerified(.ayiya(.forward, inner, password: $0)).fate
        }

        let sent = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(Plan.Tunnel.ayiya))).sent

        #expect(fates == [.forwarded, .forwarded, .forwarded])
        let datagram = sent?.octets.from(28) ?? []
        #expect(Array(datagram[24..<44]) == Self.signature(of: datagram, by: "new"))
    }

    fileprivate static func signature(of datagram: [UInt8], by password: String) -> [UInt8] {
        let signature = AYIYASecret(password: password).signature(of: datagram.span.bytes)
        return signature.octets.indices.map { signature.octets[$0] }
    }
}
