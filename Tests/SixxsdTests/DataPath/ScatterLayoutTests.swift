import Core
import Testing

@testable import sixxsd

@Suite("A scatter layout")
struct ScatterLayoutTests {
    private static let room = 2176

    private static func layout(_ headerLength: Int, _ segmentSize: Int, capacity: Int = 128) -> ScatterLayout?
    {
        ScatterLayout(
            headerLength: headerLength,
            segmentSize: segmentSize,
            room: Self.room,
            capacity: capacity
        )
    }

    @Test func hasRoomForTheLongestPacketAndWhatIsInFrontOfIt() throws {
        for size in stride(from: 1026, through: Self.room, by: 50) {
            for headerLength in [0, 48, 60, 72, 100] where headerLength + size <= Self.room {
                let layout = try #require(Self.layout(headerLength, size))

                let total = (0..<layout.slots).map { layout.part($0, front: 10).count }.reduce(0, +)

                #expect(total >= 10 + 40 + 65_535, "\(headerLength) and \(size)")
                #expect(total < 10 + 40 + 65_535 + size, "\(headerLength) and \(size)")
                #expect(layout.slots <= 64)
            }
        }
    }

    @Test func putsThePayloadOfEachPacketBehindRoomForHeaders() throws {
        let layout = try #require(Self.layout(72, 1408))
        let headroom = PacketBuffer.headroom

        #expect(layout.part(0, front: 10) == headroom - 10..<headroom + 72 + 1408)
        #expect(layout.part(0, front: 0) == headroom..<headroom + 72 + 1408)
        #expect(layout.part(1, front: 10) == headroom + 72..<headroom + 72 + 1408)
        #expect(layout.part(layout.slots - 1, front: 10) == layout.part(1, front: 0))
    }

    // swift-format-ignore
    @Test(arguments: [
        ("small packets",                 72, 500, 128),
        ("few slots",                     72, 1408, 6),
        ("a packet longer than a slot",   72, 2105, 128),
        ("a large packet",                0, 2177, 128),
        ("large headers",                 2177, 1, 128),
        ("the largest sizes there are",   65_595, 65_535, 128),
        ("more than there is",            Int.max, Int.max, 128),
        ("no payload",                    72, 0, 128),
        ("nothing that can be",           -1, -1, 128),
    ])
    func isNotMadeFor(_ what: String, _ headerLength: Int, _ segmentSize: Int, _ capacity: Int) {
        #expect(Self.layout(headerLength, segmentSize, capacity: capacity) == nil)
    }

    @Test func isMadeForWhatJustFits() {
        #expect(Self.layout(72, 2104) != nil)
        #expect(Self.layout(0, 2176) != nil)
    }
}
