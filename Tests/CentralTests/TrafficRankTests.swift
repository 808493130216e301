import Foundation
import Testing
import Wire

@testable import Central
@testable import sixxs_central

@Suite("Traffic by owner")
struct TrafficRankTests {
    /// In the middle of a step of ten minutes.
    private static let now = Date(timeIntervalSince1970: 1_800_000_300)

    private static func centre() async throws -> Centre {
        let jdoe = try UserHandle(parsing: "jdoe")
        let owner = TunnelAmendment(owner: .user(jdoe))
        let test = try await TestStore(
            Fixture.registry() + [.addUser(jdoe, UserAmendment()), .amendTunnel(Fixture.number(1), owner)],
            now: { Self.now }
        )
        var state = FakeDaemon.State()
        state.text = try TestPush.generation(tunnels: 2).text
        for (hours, octets) in [(-3.0, 1000), (-2, 4000), (-0.5, 9000)] {
            state.inBytes = octets
            let report = try FakeDaemon.received(state)
            _ = try await test.store.samples.record(
                report,
                of: 1,
                at: Self.now.addingTimeInterval(hours * 3600)
            )
        }
        return Centre(test)
    }

    /// Of the 5000 octets between the last two reports, an hour and a half apart, the last 40 minutes' share counts for the last
    /// hour, which begins with a step; of nine hours all that was counted does, before the first report too.
    static let keys: [(RankTraffic.Key, Int, [String])] = [
        (.owner, 1, ["nobody 1 2222", "jdoe 1 2222"]), (.pop, 1, ["chtst01 2 4444"]),
        (.tunnel, 9, ["T1 1 9000", "T2 1 9000"]), (.type, 9, ["ayiya 1 9000", "static 1 9000"]),
    ]

    @Test(arguments: keys)
    func isAddedUp(_ key: RankTraffic.Key, _ hours: Int, _ expected: [String]) async throws {
        let since = Self.now.addingTimeInterval(-3600 * Double(hours))

        let rows = try await RankTraffic(by: key, TunnelFilter(), since: since).run(in: Self.centre())

        let found = rows.map { "\($0.name ?? "nobody") \($0.tunnelCount) \($0.fromUser.value)" }
        #expect(found == expected)
        let documents = rows.map { TrafficDocument($0, by: key) }
        #expect(TrafficDocument.table(documents, by: key).lines.count == expected.count + 1)
    }

    @Test func isOfTheTunnelsThatAFilterTakes() async throws {
        let filter = TunnelFilter(owner: try UserHandle(parsing: "jdoe"))
        let since = Self.now.addingTimeInterval(-9 * 3600)

        let rows = try await RankTraffic(by: .tunnel, filter, since: since).run(in: Self.centre())

        #expect(rows.map(\.name) == ["T1"])
    }
}
