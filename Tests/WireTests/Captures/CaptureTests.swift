import TestSupport
import Testing
import Wire

@Suite("A capture file") struct CaptureTests {
    static let packet: [UInt8] = [0x60, 1, 2, 3]
    private static let macs = [UInt8](repeating: 0xee, count: 12)

    private static func word(_ value: UInt32, bigEndian: Bool) -> [UInt8] {
        let octets = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
        return bigEndian ? octets : octets.reversed()
    }

    /// A file with one frame.
    static func file(
        link: UInt32,
        _ frame: [UInt8],
        bigEndian: Bool = false,
        magic: UInt32 = 0xa1b2_c3d4
    ) -> [UInt8] {
        let order = bigEndian
        let head = [magic, 0x0002_0004, 0, 0, 65_535, link].flatMap { Self.word($0, bigEndian: order) }
        let record = [1_234_567_890, 5, UInt32(frame.count), UInt32(frame.count)]
        return head + record.flatMap { Self.word($0, bigEndian: order) } + frame
    }

    // swift-format-ignore
    static let good = [
        Row("raw IP", file(link: 101, packet), is: [packet]),
        Row("raw IP, big endian", file(link: 101, packet, bigEndian: true), is: [packet]),
        Row("nanoseconds", file(link: 101, packet, magic: 0xa1b2_3c4d), is: [packet]),
        Row("Ethernet", file(link: 1, macs + [0x86, 0xdd] + packet), is: [packet]),
        Row("Ethernet, two VLAN tags", file(link: 1, macs + [0x88, 0xa8, 0, 1, 0x81, 0, 0, 2, 0x86, 0xdd] + packet), is: [packet]),
        Row("Ethernet, IPv4", file(link: 1, macs + [8, 0] + packet), is: [packet]),
        Row("Ethernet, ARP", file(link: 1, macs + [8, 6] + packet), is: []),
        Row("Ethernet, cut", file(link: 1, macs), is: []),
        Row("Linux cooked", file(link: 113, [UInt8](repeating: 0, count: 14) + [0x86, 0xdd] + packet), is: [packet]),
        Row("Linux cooked 2", file(link: 276, [0x86, 0xdd] + [UInt8](repeating: 0, count: 18) + packet), is: [packet]),
        Row("no packets", Array(file(link: 101, packet).prefix(24)), is: []),
    ]

    @Test(arguments: good)
    func givesItsPackets(_ row: Row<[UInt8], [[UInt8]]>) throws {
        let capture = try Capture(row.input)

        #expect(capture.packets.map(\.octets) == row.output)
        #expect(capture.packets.allSatisfy { $0.time == 1_234_567_890 && $0.isWhole })
    }

    @Test func saysWhatItIsNot() {
        let whole = Self.file(link: 101, Self.packet)

        #expect(throws: Capture.Failure.notACapture) { try Capture([1, 2, 3]) }
        #expect(throws: Capture.Failure.notACapture) { try Capture([UInt8](repeating: 0, count: 24)) }
        #expect(throws: Capture.Failure.unknownLink(147)) { try Capture(Self.file(link: 147, Self.packet)) }
        for count in 25..<whole.count {
            #expect(throws: Capture.Failure.badRecord(1), "\(count)") {
                try Capture(Array(whole.prefix(count)))
            }
        }
    }
}
