import LinuxIO
import Testing

@testable import sixxsd

@Suite("ScatterBuffers")
struct ScatterBuffersTests {
    /// Writes a message into its slots as the kernel would.
    private static func readScattered(
        _ message: [UInt8],
        _ layout: ScatterLayout,
        front: Int,
        at first: Int,
        in scatterBuffers: ScatterBuffers
    ) {
        var rest = message[...]
        for index in 0..<layout.slots {
            let part = scatterBuffers.slot(at: first + index)[layout.part(index, front: front)]
            UnsafeMutableRawBufferPointer(rebasing: part).copyBytes(from: rest.prefix(part.count))
            rest = rest.dropFirst(part.count)
        }
    }

    @Test(arguments: [0, 1, 1489, 1490, 1491, 2898, 2899, 40_000, 65_585])
    func putTogetherWhatLanded(_ length: Int) throws {
        let scatterBuffers = try ScatterBuffers(capacity: 128, slotSize: 2368)
        let layout = try #require(scatterBuffers.layout(headerLength: 72, segmentSize: 1408))
        let message = (0..<length).map { UInt8(truncatingIfNeeded: $0 / 7) }
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 70_000, alignment: 8)
        defer { target.deallocate() }
        target.initializeMemory(as: UInt8.self, repeating: 0xee)

        Self.readScattered(message, layout, front: 10, at: 5, in: scatterBuffers)
        scatterBuffers.gather(layout, front: 10, at: 5, octets: length, into: target)

        #expect(Array(target.prefix(length)) == message)
        #expect(target[length...].allSatisfy { $0 == 0xee })
    }

    @Test func keepHeadersThatAreOverwritten() throws {
        let scatterBuffers = try ScatterBuffers(capacity: 128, slotSize: 2368)
        let layout = try #require(scatterBuffers.layout(headerLength: 72, segmentSize: 1408))
        let slot = scatterBuffers.slot(at: 3)
        slot.initializeMemory(as: UInt8.self, repeating: 1)

        let headers = scatterBuffers.copyHeaders(of: layout, at: 3)
        slot.initializeMemory(as: UInt8.self, repeating: 2)

        #expect(Array(headers) == [UInt8](repeating: 1, count: 72))
    }

    @Test(arguments: [(1, 1), (2, 2), (64, 2)])
    func haveRoomForMessagesOneBehindTheOther(_ wanted: Int, _ messages: Int) throws {
        var scatterBuffers = try ScatterBuffers(capacity: 128, slotSize: 2368)
        let layout = try #require(scatterBuffers.layout(headerLength: 0, segmentSize: 1472))

        #expect(scatterBuffers.makeRoom(for: layout, messages: wanted) == messages)

        #expect(scatterBuffers.room.messageCount == messages)
        #expect(scatterBuffers.room.count == messages * layout.slots)
        #expect(scatterBuffers.room.partsPerMessage == layout.slots)
        #expect(scatterBuffers.makeRoom(for: nil, messages: wanted) == wanted)
    }

    @Test func arrangeTheRoomAnewForAnotherPlan() throws {
        var scatterBuffers = try ScatterBuffers(capacity: 128, slotSize: 2368)
        let layouts = try [1472, 1300].map {
            try #require(scatterBuffers.layout(headerLength: 0, segmentSize: $0))
        }

        for layout in [layouts[0], layouts[0], layouts[1], layouts[0]] {
            _ = scatterBuffers.makeRoom(for: layout, messages: 2)
            #expect(
                scatterBuffers.room.partsPerMessage == layout.slots && scatterBuffers.room.messageCount == 2
            )
        }
        scatterBuffers.makeRoom(for: layouts[0], front: 0, at: 0, messages: 1)
        #expect(scatterBuffers.room.messageCount == 1)
    }

    @Test func planNothingWithSlotsForFew() throws {
        let scatterBuffers = try ScatterBuffers(capacity: 2, slotSize: 2368)
        #expect(scatterBuffers.layout(headerLength: 72, segmentSize: 1408) == nil)
    }
}
