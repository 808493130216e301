import Testing
import Wire

@testable import Central

@Suite("Two operators at once")
struct AllocationTests {
    @Test func neverGetTheSameNumberTIDOrSubnet() async throws {
        let test = try await TestStore(Fixture.registry())
        let other = try SQLiteStore(path: test.folder.path("central.db"))
        let name = try Fixture.name()

        try await withThrowingTaskGroup(of: Void.self) { group in
            for store in [test.store, other] {
                group.addTask {
                    for _ in 0..<40 {
                        let new = NewTunnel(pop: name, end: .ayiya(.random()))
                        let results = try await store.registry.apply([.addTunnel(new)], by: "tester")
                        guard case .tunnel(let tunnel) = results.first else { continue }
                        try await store.registry.apply([.addSubnet(nil, tunnel.number)], by: "tester")
                    }
                }
            }
            try await group.waitForAll()
        }

        let snapshot = try await other.registry.snapshot(of: .fleet)
        #expect(snapshot.tunnels.count == 82)
        #expect(Set(snapshot.tunnels.map(\.number)).count == 82)
        #expect(snapshot.tunnels.map(\.tid.rawValue) == Array(0..<82))
        #expect(Set(snapshot.subnets.map(\.prefix)).count == 81)
    }
}
