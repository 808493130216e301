import Core
import Testing
import Wire

@Suite("A traced tunnel") struct TraceTests {
    private static let toFixed = Packet.ping(Plan.internet, Plan.them(Plan.Tunnel.fixed))
    private static let toNarrow = Packet.ping(Plan.internet, Plan.them(Plan.Tunnel.narrow))

    @Test func isWrittenDownAndNoOther() {
        let pop = TestPoP()
        pop.engine.setTracing(of: tid(Plan.Tunnel.fixed), to: true)

        _ = pop.fromUplink(Self.toNarrow)
        let nothing = pop.engine.takeDecisions().entries
        #expect(nothing.isEmpty)
        _ = pop.fromUplink(Self.toFixed)
        let entries = pop.engine.takeDecisions().entries

        #expect(entries.map(\.decision.step) == ["measured", "packet", "verdict", "encapsulated"])
        #expect(Set(entries.map(\.packet)).count == 1)
        #expect(entries.allSatisfy { $0.tid == tid(Plan.Tunnel.fixed) })
    }

    @Test(.enabled(if: TestPoP.hasOneEngine))
    func losesWhatFindsNoRoomAndCountsIt() {
        let pop = TestPoP()
        pop.engine.setTracing(of: tid(Plan.Tunnel.fixed), to: true)

        for _ in 0..<2000 { _ = pop.fromUplink(Self.toFixed) }
        let (entries, lost, _) = pop.engine.takeDecisions()

        #expect(entries.count == 4096)
        #expect(lost == 2000 * 4 - 4096)
        let lostSince = pop.engine.takeDecisions().lost
        #expect(lostSince == 0)
    }

    @Test func isTracedNoMoreWhenItIsRemoved() {
        let pop = TestPoP()
        pop.engine.setTracing(of: tid(Plan.Tunnel.fixed), to: true)

        pop.apply(Plan.popLines)

        let isTraced = pop.engine.isTraced(tid(Plan.Tunnel.fixed))
        #expect(!isTraced)
    }

    @Test(.enabled(if: TestPoP.hasOneEngine))
    func keepsPacketsForThoseWhoWantThem() throws {
        let pop = TestPoP()
        pop.engine.setTracing(of: tid(Plan.Tunnel.fixed), to: true)

        _ = pop.fromUplink(Self.toFixed)
        let none = pop.engine.takeDecisions().packets
        pop.engine.keepsPackets = true
        for _ in 0..<2000 { _ = pop.fromUplink(Self.toFixed) }
        _ = pop.fromUplink(Self.toNarrow)
        let (entries, _, packets) = pop.engine.takeDecisions()

        #expect(none.isEmpty)
        #expect(packets.count == 1024)
        #expect(packets.values.allSatisfy { $0 == Self.toFixed })
        #expect(Set(packets.keys).isSubset(of: Set(entries.map(\.packet))))
        #expect(pop.engine.takeDecisions().packets.isEmpty)
    }
}
