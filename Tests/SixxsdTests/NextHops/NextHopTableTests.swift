import LinuxIO
import Testing
import Wire

@testable import sixxsd

@Suite("Next hop table")
struct NextHopTableTests {
    private static let remote = IPv4Address(203, 0, 113, 10)
    private static let hop = NextHop(interface: 3, address: LinkAddress(0x0200_0000_0001), mtu: 1500)
    private static let start: UInt64 = 1_000_000_000_000

    private static func known() -> NextHopTable {
        var table = NextHopTable(sets: 16, seed: 77)
        table.store(Self.hop, for: Self.remote, at: Self.start)
        return table
    }

    @Test
    func asksOnceForWhatItDoesNotKnow() {
        var table = NextHopTable(sets: 16, seed: 77)

        let first = table.advice(for: Self.remote, length: 100, at: Self.start)
        let second = table.advice(for: Self.remote, length: 100, at: Self.start + 1)
        let late = table.advice(for: Self.remote, length: 100, at: Self.start + NextHopTable.pause)

        #expect(first == .init(hop: nil, asks: true))
        #expect(second == .init(hop: nil, asks: false))
        #expect(late == .init(hop: nil, asks: true), "no answer came")
    }

    @Test
    func knowsWhatItWasTold() {
        var table = Self.known()
        let other = table.advice(for: IPv4Address(203, 0, 113, 11), length: 100, at: Self.start)
        let known = table.advice(for: Self.remote, length: 1500, at: Self.start)
        let larger = table.advice(for: Self.remote, length: 1501, at: Self.start)

        #expect(other.hop == nil)
        #expect(known == .init(hop: Self.hop))
        #expect(larger == .init(hop: nil), "what does not fit takes the IP stack")
    }

    @Test
    func hasOnePacketAskAgainWhileTheOthersGoOn() {
        var table = Self.known()
        let end = Self.start + NextHopTable.lifetime

        let before = table.advice(for: Self.remote, length: 100, at: end - 1)
        let asking = table.advice(for: Self.remote, length: 100, at: end)
        let after = table.advice(for: Self.remote, length: 100, at: end)
        let last = table.advice(for: Self.remote, length: 100, at: end + NextHopTable.grace - 1)
        let over = table.advice(for: Self.remote, length: 100, at: end + NextHopTable.grace)

        #expect(before == .init(hop: Self.hop))
        #expect(asking == .init(hop: nil, asks: true))
        #expect(after == .init(hop: Self.hop))
        #expect(last == .init(hop: Self.hop))
        #expect(over == .init(hop: nil), "no answer came")

        table.store(Self.hop, for: Self.remote, at: end)
        let renewed = table.advice(for: Self.remote, length: 100, at: end + NextHopTable.lifetime - 1)
        #expect(renewed == .init(hop: Self.hop))
    }

    @Test
    func remembersThatThereIsNone() {
        var table = Self.known()
        table.store(nil, for: Self.remote, at: Self.start)

        let within = table.advice(for: Self.remote, length: 100, at: Self.start + NextHopTable.pause - 1)
        let after = table.advice(for: Self.remote, length: 100, at: Self.start + NextHopTable.pause)

        #expect(within == .init(hop: nil))
        #expect(after == .init(hop: nil, asks: true))
    }

    @Test
    func usesNothingOfAnotherGeneration() {
        var table = Self.known()
        table.keepOnly(table.generation)
        let same = table.advice(for: Self.remote, length: 100, at: Self.start)
        table.keepOnly(table.generation + 1)
        let other = table.advice(for: Self.remote, length: 100, at: Self.start)

        #expect(same == .init(hop: Self.hop))
        #expect(other == .init(hop: nil, asks: true))
    }

    @Test
    func givesUpWhatFailedAndAsksAfterAPause() {
        var table = Self.known()
        table.giveUp(Self.remote, at: Self.start)

        let within = table.advice(for: Self.remote, length: 100, at: Self.start + NextHopTable.pause - 1)
        let after = table.advice(for: Self.remote, length: 100, at: Self.start + NextHopTable.pause)

        #expect(within == .init(hop: nil))
        #expect(after == .init(hop: nil, asks: true))
    }

    @Test
    func pushesNothingOutThatIsInUse() {
        var table = NextHopTable(sets: 1, seed: 77)
        let remotes = (0..<5).map { IPv4Address(10, 0, 0, UInt8($0)) }
        for remote in remotes { table.store(Self.hop, for: remote, at: Self.start) }

        for remote in remotes.prefix(4) {
            let advice = table.advice(for: remote, length: 100, at: Self.start)
            #expect(advice == .init(hop: Self.hop))
        }
        let noRoom = table.advice(for: remotes[4], length: 100, at: Self.start)
        #expect(noRoom == .init(hop: nil), "nor does it ask")

        let end = Self.start + NextHopTable.lifetime + NextHopTable.grace
        let room = table.advice(for: remotes[4], length: 100, at: end)
        #expect(room == .init(hop: nil, asks: true), "the others are over")
    }

    @Test
    func hasRoomForTheEndsOfAllTunnels() {
        var table = NextHopTable()
        // One network of a provider, and addresses far apart.
        for stride in [UInt32(1), 256, 8192, 65_537, 0x9e37_79b1] {
            table.keepOnly(table.generation + 1)
            let remotes = (0..<8192).map { IPv4Address(0x0a00_0000 &+ UInt32($0) &* stride) }
            for remote in remotes { table.store(Self.hop, for: remote, at: Self.start) }

            let found = remotes.count { table.advice(for: $0, length: 100, at: Self.start).hop != nil }
            #expect(found > 8000, "of 8192 with a distance of \(stride)")
        }
    }
}
