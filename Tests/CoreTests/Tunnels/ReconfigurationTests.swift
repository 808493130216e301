import Core
import TestSupport
import Testing
import Wire

@Suite("A new configuration") struct ReconfigurationTests {
    /// A PoP whose tunnels 1 and 2 are up and all of whose tunnels 0, 1, 2 have counted something.
    private static func busy(_ text: String = Plan.text) -> TestPoP {
        let pop = TestPoP(text)
        let elsewhere = Packet.udp(Plan.internet, Plan.internet)
        _ = pop.fromUnderlay(.ayiya(.noOperation))
        _ = pop.fromUnderlay(.heartbeat())
        _ = pop.fromUnderlay(.gre(Packet.udp(Plan.them(0), Plan.internet), from: Plan.remote(of: 0)))
        for tid: UInt16 in [0, 1, 2] { _ = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(tid))) }
        _ = pop.fromUnderlay(.ayiya(.forward, elsewhere))
        _ = pop.fromUnderlay(.sixInFour(Packet.udp(Plan.them(2), Plan.internet), from: Plan.elsewhere))
        return pop
    }

    private static func replacing(_ old: String, with new: String) -> String {
        let text = Plan.text.replacing(old, with: new)
        #expect(text != Plan.text)
        return text
    }

    private static let ayiyaLine = "tunnel set config 1 T5072 ayiya up 1428 \(Plan.ayiyaPassword)"

    private static func isUp(_ pop: TestPoP, _ number: UInt16) -> Bool {
        pop.fromUplink(Packet.udp(Plan.internet, Plan.them(number))).fate == .forwarded
    }

    private static func expectKept(_ pop: TestPoP, _ number: UInt16, _ before: TunnelSnapshot) {
        let after = pop.tunnel(number)
        #expect(after.condition == before.condition, "tunnel \(number)")
        #expect(after.path == before.path, "tunnel \(number)")
        #expect(after.encapsulation == before.encapsulation, "tunnel \(number)")
        #expect(after.traffic == before.traffic, "tunnel \(number)")
        #expect(after.lastTimes.beat == before.lastTimes.beat, "tunnel \(number)")
        #expect(after.latency == before.latency, "tunnel \(number)")
        #expect(after.errors.map(\.kind) == before.errors.map(\.kind), "tunnel \(number)")
        #expect(after.errors.map(\.count) == before.errors.map(\.count), "tunnel \(number)")
    }

    // MARK: - What is kept

    // swift-format-ignore
    static let harmless: [Row<String, Void>] = [
        Row("the same text",              Plan.text, is: ()),
        Row("another tunnel more",        Plan.text + "tunnel set config 99 T99 198.51.100.9 up 1280\n", is: ()),
        Row("another tunnel less",        Plan.text.replacing("tunnel set config 1fff T8191 198.51.100.99 up 1480\n", with: ""), is: ()),
        Row("another subnet",             Plan.text + "subnet set config 2001:db8:3055::/48 1 static\n", is: ()),
        Row("another subnet prefix",      Plan.text + "pop subnetprefix add 2001:db8:5000::/48\n", is: ()),
        Row("a longer beat timeout",      Plan.text + "pop set beat-timeout 600\n", is: ()),
        Row("another ICMP rate",          Plan.text + "pop set icmp-rate 1 1 1\n", is: ()),
        Row("a synonym of the type",      Plan.text.replacing("T5072 ayiya", with: "T5072 dynamic"), is: ()),
        Row("another PoP's details",      Plan.text + "pop set details 2 b 192.0.2.2 2001:db8:43::1\n", is: ()),
        Row("another MTU",                Plan.text.replacing("up 1428", with: "up 1400"), is: ()),
    ]

    @Test(arguments: Self.harmless)
    func keepsStateAndCountersWith(_ row: Row<String, Void>) {
        let pop = Self.busy()
        let before = ([0, 1, 2] as [UInt16]).map { pop.tunnel($0) }
        let accounting = (pop.engine.accounting.forwarded, pop.engine.accounting.droppedInAll)

        pop.apply(row.input)

        for (number, snapshot) in zip([0, 1, 2] as [UInt16], before) {
            Self.expectKept(pop, number, snapshot)
        }
        #expect((pop.engine.accounting.forwarded, pop.engine.accounting.droppedInAll) == accounting)
        #expect(Self.isUp(pop, 0) && Self.isUp(pop, 1) && Self.isUp(pop, 2))
    }

    @Test func appliesAnotherMTUAtOnce() {
        let pop = Self.busy()
        let packet = Packet.udp(Plan.internet, Plan.them(1), size: 1400)
        #expect(pop.fromUplink(packet).fate == .forwarded)

        pop.apply(Self.replacing("up 1428", with: "up 1399"))

        #expect(pop.fromUplink(packet).icmp?.parameter == 1399)
    }

    @Test(.enabled(if: TestPoP.hasOneEngine))
    func appliesAnotherTimeoutToRunningSessions() {
        let pop = Self.busy()
        pop.apply(Plan.text + "pop set beat-timeout 10\n")

        pop.advance(seconds: 10)
        #expect(pop.tick(seconds: 1) == 2)
    }

    @Test func keepsTheReplayRuleOfASession() {
        let pop = Self.busy()
        pop.apply(Self.replacing("up 1428", with: "up 1400"))

        let replayed = pop.fromUnderlay(.ayiya(.noOperation, from: Plan.elsewhere))

        #expect(replayed.fate == .dropped(.ayiyaReplay))
    }

    @Test func movesSubnetsBetweenTunnels() {
        let pop = Self.busy()
        let host = ipv6("2001:db8:3001::1")
        #expect(pop.fromUplink(Packet.udp(Plan.internet, host)).sent?.tunnel == 0)

        pop.apply(Self.replacing("2001:db8:3001::/48 0", with: "2001:db8:3001::/48 1"))

        #expect(pop.fromUplink(Packet.udp(Plan.internet, host)).sent?.tunnel == 1)
        let old = pop.fromUnderlay(.sixInFour(Packet.udp(host, Plan.internet), from: Plan.remote(of: 0)))
        let new = pop.fromUnderlay(.ayiya(.forward, Packet.udp(host, Plan.internet)))
        #expect(old.sent == nil)
        #expect(new.fate == .forwarded)
    }

    // MARK: - What is not

    // swift-format-ignore
    static let endings: [Row<String, Void>] = [
        Row("another password",  "tunnel set config 1 T5072 ayiya up 1428 another", is: ()),
        Row("another number",    "tunnel set config 1 T5073 ayiya up 1428 \(Plan.ayiyaPassword)", is: ()),
        Row("a static end",      "tunnel set config 1 T5072 198.51.100.77 up 1428", is: ()),
    ]

    @Test(arguments: Self.endings)
    func endsASessionBy(_ row: Row<String, Void>) {
        let pop = Self.busy()

        pop.apply(Self.replacing(Self.ayiyaLine, with: row.input))

        #expect(pop.tunnel(1).path?.remote != Plan.home)
        #expect(pop.fromUplink(Packet.udp(Plan.internet, Plan.them(1))).sent?.remote != Plan.home)
        let old = pop.fromUnderlay(
            .ayiya(.forward, Packet.udp(Plan.them(1), Plan.internet), time: Plan.startTime + 1)
        )
        #expect(old.fate != .forwarded || row.testDescription == "another number")
    }

    @Test func letsTheNewPasswordOpenASession() {
        let pop = Self.busy()
        pop.apply(Self.replacing(Self.ayiyaLine, with: "tunnel set config 1 T5072 ayiya up 1428 another"))
        #expect(pop.tunnel(1).condition == .down)

        let old = pop.fromUnderlay(.ayiya(.noOperation, time: Plan.startTime + 5))
        let new = pop.fromUnderlay(.ayiya(.noOperation, password: "another", from: Plan.elsewhere))

        #expect(old.fate == .dropped(.ayiyaHashMismatch))
        #expect(new.fate == .consumed)
        #expect(pop.tunnel(1).path?.remote == Plan.elsewhere)
        #expect(pop.tunnel(1).traffic.egress.packets == 1)
    }

    @Test func makesAStaticTunnelOfADynamicOneAndBack() {
        let pop = Self.busy()
        pop.apply(Self.replacing(Self.ayiyaLine, with: "tunnel set config 1 T5072 198.51.100.77 up 1428"))
        #expect(pop.tunnel(1).condition == .up && pop.tunnel(1).encapsulation == .sixInFour)
        #expect(pop.fromUplink(Packet.udp(Plan.internet, Plan.them(1))).sent?.remote == ip("198.51.100.77"))

        pop.apply(Plan.text)

        #expect(pop.tunnel(1).condition == .down && pop.tunnel(1).path == nil)
    }

    @Test func movesTheEndOfAStaticTunnel() {
        let pop = Self.busy()
        #expect(pop.tunnel(0).encapsulation == .gre)
        let packet = Packet.udp(Plan.them(0), Plan.internet)

        pop.apply(Self.replacing("T4141 198.51.100.1 ", with: "T4141 198.51.100.77 "))

        #expect(
            pop.fromUnderlay(.sixInFour(packet, from: ip("198.51.100.1"))).fate == .dropped(.wrongEndpoint)
        )
        #expect(pop.fromUnderlay(.sixInFour(packet, from: ip("198.51.100.77"))).fate == .forwarded)
        #expect(pop.fromUplink(Packet.udp(Plan.internet, Plan.them(0))).sent?.remote == ip("198.51.100.77"))
        #expect(pop.tunnel(0).traffic.ingress.packets == 2)
    }

    @Test func movesOurEndOfStaticTunnels() throws {
        let pop = Self.busy()

        pop.apply(Self.replacing("192.0.2.1 2001:db8:42::1", with: "192.0.2.9 2001:db8:42::9"))

        for (tunnel, local) in [(0, "192.0.2.9"), (5, "2001:db8:42::9")] as [(UInt16, String)] {
            let sent = try #require(pop.fromUplink(Packet.udp(Plan.internet, Plan.them(tunnel))).sent)
            #expect(try OuterPacket(wholePacket: sent.octets).path.local == ip(local))
        }
    }

    @Test func disablesAndEnables() {
        let pop = Self.busy()
        let disabled = Plan.text.replacing(" up ", with: " disabled ")

        pop.apply(disabled)

        for tunnel: UInt16 in [0, 1, 2] {
            #expect(pop.tunnel(tunnel).condition == .disabled)
            #expect(pop.fromUplink(Packet.udp(Plan.internet, Plan.them(tunnel))).icmp?.code == 1)
        }
        #expect(
            pop.fromUnderlay(.ayiya(.noOperation, time: Plan.startTime + 1)).fate == .dropped(.disabledTunnel)
        )

        pop.apply(Plan.text)

        #expect(pop.tunnel(0).condition == .up)
        #expect(pop.tunnel(1).condition == .down && pop.tunnel(2).condition == .down)
        #expect(pop.fromUnderlay(.ayiya(.noOperation, time: Plan.startTime + 1)).fate == .consumed)
        #expect(Self.isUp(pop, 1))
    }

    @Test func forgetsATunnelThatIsGone() {
        let pop = Self.busy()
        let gone = Plan.text.replacing(Self.ayiyaLine + "\n", with: "")
            .replacing("subnet set config 2001:db8:4000:200::/56 1 static\n", with: "")
        #expect(!pop.errors(on: 1).isEmpty)

        pop.apply(gone)

        #expect(pop.tunnel(1).condition == .none && pop.tunnel(1).path == nil)
        #expect(pop.fromUplink(Packet.udp(Plan.internet, Plan.them(1))).icmp?.code == 3)
        #expect(
            pop.fromUnderlay(.ayiya(.noOperation, time: Plan.startTime + 1)).fate == .dropped(.missingTunnel)
        )

        pop.apply(Plan.text)

        #expect(pop.tunnel(1).condition == .down)
        #expect(pop.tunnel(1).traffic == TrafficCounters())
        #expect(pop.tunnel(1).lastTimes.beat == nil && pop.errors(on: 1).isEmpty)
        #expect(pop.fromUnderlay(.ayiya(.noOperation)).fate == .consumed)
    }

    @Test func forgetsATunnelOfAnotherNumber() {
        let pop = Self.busy()

        pop.apply(Self.replacing("config 0 T4141", with: "config 0 T4142"))

        #expect(pop.tunnel(0).traffic == TrafficCounters())
        #expect(pop.tunnel(0).encapsulation == .sixInFour)
        #expect(pop.tunnel(0).condition == .up)
    }

    @Test func takesThePrefixesAway() {
        let pop = Self.busy()

        pop.apply("pop set details 1 chtst01 192.0.2.1 2001:db8:42::1\npop set id 1\n")

        let down = pop.fromUplink(Packet.udp(Plan.internet, Plan.them(0)))
        let up = pop.fromUnderlay(
            .sixInFour(Packet.udp(Plan.them(0), Plan.internet), from: Plan.remote(of: 0))
        )
        #expect(down == .nothing(but: .dropped(.impossibleDestination)))
        #expect(up == .nothing(but: .dropped(.spoofedSource)))
    }

    // MARK: - As many as there can be

    private static func full(mtu: Int) -> String {
        var text = Plan.popLines
        for tid in TID.allCases {
            let number = Int(tid.rawValue)
            text += "tunnel set config \(tid) T\(number + 1) 10.1.\(number >> 8).\(number & 255) up \(mtu)\n"
        }
        return text
    }

    @Test func holds8192Tunnels() {
        let pop = TestPoP(Self.full(mtu: 1280))
        for number: UInt16 in [0, 1, 0xff, 0x100, 0xabc, 0x1ffe, 0x1fff] {
            let remote = ip("10.1.\(number >> 8).\(number & 255)")
            let outcome = pop.fromUnderlay(
                .sixInFour(Packet.udp(Plan.them(number), Plan.internet), from: remote)
            )
            #expect(outcome.fate == .forwarded)
            #expect(pop.fromUplink(Packet.udp(Plan.internet, Plan.them(number))).sent?.remote == remote)
        }

        pop.apply(Self.full(mtu: 1300))

        #expect(TID.allCases.allSatisfy { pop.tunnel($0.rawValue).condition == .up })
        #expect(pop.tunnel(0xabc).traffic.ingress.packets == 1)
        #expect(
            pop.fromUplink(Packet.udp(Plan.internet, Plan.them(0x1fff), size: 1301)).icmp?.parameter == 1300
        )

        pop.apply(Plan.popLines)

        #expect(TID.allCases.allSatisfy { pop.tunnel($0.rawValue).condition == .none })
    }
}
