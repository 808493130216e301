import TestSupport
import Testing
import Wire

@testable import Core

@Suite("The index of tunnels") struct TunnelIndexTests {
    /// The numbers of all tunnels of a tag, as the ring tells them.
    private static func members(_ index: borrowing TunnelIndex, _ tag: UInt64) -> Set<UInt16> {
        var members = Set<UInt16>()
        var candidate = index.first(tagged: tag)
        while let tid = candidate, members.insert(tid.rawValue).inserted {
            candidate = index.next(after: tid)
        }
        return members
    }

    /// A long life at random, with few buckets and few tags, beside a dictionary.
    @Test func agreesWithADictionary() {
        var generator = SeededGenerator(seed: 41)
        var index = TunnelIndex()
        var tags: [UInt16: UInt64] = [:]
        for step in 0..<20_000 {
            let number = UInt16.random(in: 0..<200, using: &generator)
            index.remove(tid(number))
            tags[number] = nil
            if Bool.random(using: &generator) {
                // All in one of two buckets.
                let tag =
                    UInt64.random(in: 0..<2, using: &generator) << 63
                    | UInt64.random(in: 0..<20, using: &generator)
                index.insert(tid(number), tagged: tag)
                tags[number] = tag
            }
            guard step.isMultiple(of: 50) else { continue }
            for tag in [UInt64](0..<20) + (0..<20).map({ 1 << 63 | $0 }) {
                let expected = Set(tags.filter { $0.value == tag }.keys)
                #expect(Self.members(index, tag) == expected)
            }
        }
    }

    /// As many comparisons as tags share a bucket, however many tunnels there are.
    @Test func comparesFewTags() {
        var index = TunnelIndex()
        let hash = KeyedHash(seed: 1, for: .endpoints)
        for tid in TID.allCases { index.insert(tid, tagged: hash.value(of: UInt64(tid.rawValue), 0)) }

        let counts = TID.allCases.map { index.search(for: hash.value(of: UInt64($0.rawValue), 0)) }

        #expect(zip(TID.allCases, counts).allSatisfy { $0 == $1.first })
        #expect((counts.map(\.comparisons).max() ?? 0) <= 8)
        #expect(counts.map(\.comparisons).reduce(0, +) < 2 * TID.capacity)
    }
}

@Suite("The index of outer ends") struct EndpointIndexTests {
    private static func path(_ number: UInt16, remote: IPAddress = Plan.home) -> OuterPath {
        OuterPath(local: Plan.popIPv4, remote: remote, localPort: 5072, remotePort: number)
    }

    /// All tunnels are behind one address, each at a port of its own, and one is elsewhere.
    @Test func findsASenderWhateverManyShareItsAddress() {
        var index = EndpointIndex(seed: 7)
        for tid in TID.allCases { index.insert(tid, Self.path(tid.rawValue), .ayiya) }

        for tid in TID.allCases {
            #expect(index.sender(along: Self.path(tid.rawValue), .ayiya) == tid)
        }
        #expect(index.sender(along: Self.path(9000), .ayiya) == nil)
        #expect(index.sender(along: Self.path(1), .gre) == nil)
        #expect(index.sender(along: Self.path(1, remote: Plan.elsewhere), .ayiya) == nil)
        let counts = TID.allCases.map { index.comparisons(along: Self.path($0.rawValue), .ayiya) }
        #expect((counts.max() ?? 0) <= 8)
        #expect(index.tunnel(at: Plan.home) == .first)
        index.remove(.first)
        #expect(index.tunnel(at: Plan.home) != nil && index.tunnel(at: Plan.home) != .first)
    }
}
