import LinuxIO
import Testing

@testable import sixxsd

@Suite("Landings")
struct LandingsTests {
    /// Writes a message into its slots as the kernel would.
    private static func land(
        _ message: [UInt8],
        _ plan: LandingPlan,
        front: Int,
        at first: Int,
        in landings: Landings
    ) {
        var rest = message[...]
        for index in 0..<plan.slots {
            let part = landings.slot(at: first + index)[plan.part(index, front: front)]
            UnsafeMutableRawBufferPointer(rebasing: part).copyBytes(from: rest.prefix(part.count))
            rest = rest.dropFirst(part.count)
        }
    }

    @Test(arguments: [0, 1, 1489, 1490, 1491, 2898, 2899, 40_000, 65_585])
    func putTogetherWhatLanded(_ length: Int) throws {
        let landings = try Landings(capacity: 128, slotSize: 2368)
        let plan = try #require(landings.plan(headerLength: 72, segmentSize: 1408))
        let message = (0..<length).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 70_000, alignment: 8)
        defer { target.deallocate() }
        target.initializeMemory(as: UInt8.self, repeating: 0xee)

        Self.land(message, plan, front: 10, at: 5, in: landings)
        landings.gather(plan, front: 10, at: 5, octets: length, into: target)

        #expect(Array(target.prefix(length)) == message)
        #expect(target[length...].allSatisfy { $0 == 0xee })
    }

    @Test func keepHeadersThatAreOverwritten() throws {
        let landings = try Landings(capacity: 128, slotSize: 2368)
        let plan = try #require(landings.plan(headerLength: 72, segmentSize: 1408))
        let slot = landings.slot(at: 3)
        slot.initializeMemory(as: UInt8.self, repeating: 1)

        let headers = landings.copyHeaders(of: plan, at: 3)
        slot.initializeMemory(as: UInt8.self, repeating: 2)

        #expect(Array(headers) == [UInt8](repeating: 1, count: 72))
    }

    @Test(arguments: [(1, 1), (2, 2), (64, 2)])
    func haveRoomForMessagesOneBehindTheOther(_ wanted: Int, _ messages: Int) throws {
        var landings = try Landings(capacity: 128, slotSize: 2368)
        let plan = try #require(landings.plan(headerLength: 0, segmentSize: 1472))

        #expect(landings.makeRoom(for: plan, messages: wanted) == messages)

        #expect(landings.room.messageCount == messages)
        #expect(landings.room.count == messages * plan.slots)
        #expect(landings.room.partsPerMessage == plan.slots)
        #expect(landings.makeRoom(for: nil, messages: wanted) == wanted)
    }

    @Test func arrangeTheRoomAnewForAnotherPlan() throws {
        var landings = try Landings(capacity: 128, slotSize: 2368)
        let plans = try [1472, 1300].map { try #require(landings.plan(headerLength: 0, segmentSize: $0)) }

        for plan in [plans[0], plans[0], plans[1], plans[0]] {
            _ = landings.makeRoom(for: plan, messages: 2)
            #expect(landings.room.partsPerMessage == plan.slots && landings.room.messageCount == 2)
        }
        landings.makeRoom(for: plans[0], front: 0, at: 0, messages: 1)
        #expect(landings.room.messageCount == 1)
    }

    @Test func planNothingWithSlotsForFew() throws {
        let landings = try Landings(capacity: 2, slotSize: 2368)
        #expect(landings.plan(headerLength: 72, segmentSize: 1408) == nil)
    }
}
