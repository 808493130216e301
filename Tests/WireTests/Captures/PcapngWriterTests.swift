import Testing
import Wire

@Suite("A capture that is written") struct PcapngWriterTests {
    private static let head = PcapngWriter.head(interface: "T12", program: "sixxs-central 0.2.0")

    @Test func isReadAgain() throws {
        let packets = [0, 1, 2, 3, 4, 1499].map { [UInt8]([0x60]) + [UInt8](repeating: 7, count: $0) }
        let file = packets.enumerated().reduce(Self.head) { file, packet in
            let time = 1_800_000_000_000_000 + UInt64(packet.offset) * 1_000_000
            return file
                + PcapngWriter.packet(packet.element, at: time, comment: "verdict: drop\nZürich")
        }

        let capture = try Capture(file)

        #expect(capture.packets.map(\.octets) == packets)
        #expect(capture.packets.map(\.time) == (0..<6).map { 1_800_000_000 + $0 })
        #expect(capture.packets.allSatisfy { $0.isWhole })
        #expect(file.count.isMultiple(of: 4))
    }

    @Test func isWholeWithoutPackets() throws {
        let capture = try Capture(Self.head)
        #expect(capture.packets.isEmpty)
    }

    @Test func boundsItsComments() throws {
        let long = String(repeating: "x", count: 100_000)
        let file = Self.head + PcapngWriter.packet([0x60], at: 0, comment: long)
        #expect(file.count < 61_000)
        let capture = try Capture(file)
        #expect(capture.packets.count == 1)
    }
}
