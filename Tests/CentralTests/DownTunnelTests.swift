import Foundation
import Synchronization
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("Tunnels that are down")
struct DownTunnelTests {
    private static func round(_ test: TestStore, _ connector: FakeConnector) async throws {
        _ = try await PushNow(pops: [], forced: [], lastWave: .all, confirm: nil).run(
            in: Centre(test, connector),
            progress: nil,
            waiting: { _ in }
        )
    }

    @Test func areListedWithTheTimeSinceWhen() async throws {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector()
        let list = ListDownTunnels()
        let centre = Centre(test, connector)

        let before = try await list.run(in: centre).rows
        // The first round pushes, the second reports.
        for _ in 0..<2 { try await Self.round(test, connector) }
        let well = try await list.run(in: centre).rows
        connector.daemons.withLock { $0[1]?.down = ["T2"] }
        try await Self.round(test, connector)
        let down = try await list.run(in: centre).rows

        #expect(before.map(\.tunnel.tunnel) == ["T1", "T2"] && before.allSatisfy { $0.since == nil })
        #expect(well.isEmpty)
        #expect(down.map(\.tunnel.tunnel) == ["T2"])
        let since = try #require(down.first?.since)
        #expect(abs(since.timeIntervalSinceNow) < 3600)
        #expect(DownTunnelDocument.table(down.map(DownTunnelDocument.init), now: Date()).lines.count == 2)
        let json = try JSONText.compact(DownTunnelDocument(try #require(down.first)))
        #expect(json.contains("\"since\":\"\(since.iso8601)\"") && json.contains("\"tunnel\":\"T2\""))
        let none = ListDownTunnels(TunnelFilter(type: .ayiya))
        #expect(try await none.run(in: centre).rows.isEmpty)
    }

    @Test func areNotKnownWhereTheirPoPIsSilent() async throws {
        let test = try await TestStore(Fixture.registry())
        let connector = FakeConnector()
        for _ in 0..<2 { try await Self.round(test, connector) }
        connector.scripts.withLock {
            $0[1] = .fails(.unreachable(address: "192.0.2.1", reason: "no route"))
        }
        try await Self.round(test, connector)

        let answer = try await ListDownTunnels().run(in: Centre(test, connector))

        #expect(answer.rows.isEmpty)
        #expect(answer.silent.map(\.pop.description) == ["chtst01"])
        #expect(answer.silent.first?.reported != nil)
    }
}
