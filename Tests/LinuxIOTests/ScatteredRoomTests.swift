import SystemPackage
import Testing
import Wire

@testable import LinuxIO

@Suite("Scattered room", .enabled(if: NetworkNamespace.isAvailable, NetworkNamespace.requirement))
struct ScatteredRoomTests {
    private static let address = IPAddress.ipv4(IPv4Address(127, 0, 0, 1))

    /// Parts of equal length with a gap in front of each, so that an octet in a wrong place is seen.
    private final class Memory {
        static let gap = 16
        let octets: UnsafeMutableRawBufferPointer
        let length: Int

        init(parts: Int, length: Int) {
            self.length = length
            self.octets = .allocate(byteCount: parts * (Self.gap + length), alignment: 8)
            self.octets.initializeMemory(as: UInt8.self, repeating: 0xee)
        }

        deinit { self.octets.deallocate() }

        func part(_ index: Int) -> UnsafeMutableRawBufferPointer {
            let start = index * (Self.gap + self.length) + Self.gap
            return UnsafeMutableRawBufferPointer(rebasing: self.octets[start..<start + self.length])
        }

        func content(_ index: Int, _ count: Int? = nil) -> [UInt8] {
            Array(self.part(index).prefix(count ?? self.length))
        }

        func fill(_ room: ScatteredRoom, _ parts: Range<Int>, partsPerMessage: Int) {
            room.begin(partsPerMessage: partsPerMessage)
            for index in parts { room.append(self.part(index)) }
        }
    }

    /// Sends datagrams of one length, but for the last, which may be shorter, as one run.
    private static func sendRun(_ payloads: [[UInt8]], from sender: borrowing UDPSocket) throws {
        let batch = TransmitBatch(capacity: payloads.count)
        batch.beginSegments(
            TransmitBatch.Segments(
                from: Self.address,
                to: Self.address,
                port: 5072,
                trafficClass: 0,
                segmentSize: UInt16(payloads[0].count)
            )
        )
        let octets = Array(payloads.joined())
        try octets.withUnsafeBytes { octets in
            var offset = 0
            for payload in payloads {
                batch.appendSegment(try #require(octets.baseAddress) + offset, length: payload.count)
                offset += payload.count
            }
            #expect(batch.flush(on: -1, segmentsOn: sender.fileDescriptor).failed == 0)
        }
    }

    private static func datagrams(_ count: Int, of length: Int, last: Int, from first: UInt8) -> [[UInt8]] {
        (0..<count).map {
            [UInt8](repeating: first + UInt8($0), count: $0 == count - 1 ? last : length)
        }
    }

    @Test func takesEachDatagramOfARunInAPartOfItsOwn() throws {
        try NetworkNamespace.run {
            let receiver = try UDPSocket(port: 5072, family: .ipv4)
            receiver.receiveSegments()
            let sender = try UDPSocket(port: 5073, family: .ipv4)
            try sender.prepareForSegments(hopLimit: 64)
            let batch = try ReceiveBatch(capacity: 4, slotSize: 2048, headroom: 64)
            let memory = Memory(parts: 8, length: 1000)
            let room = ScatteredRoom(capacity: 8)
            memory.fill(room, 0..<8, partsPerMessage: 4)
            let first = Self.datagrams(3, of: 1000, last: 7, from: 1)
            let second = Self.datagrams(4, of: 1000, last: 1000, from: 11)

            try Self.sendRun(first, from: sender)
            try Self.sendRun(second, from: sender)
            try Self.sendRun(Self.datagrams(2, of: 5, last: 5, from: 21), from: sender)
            try Delivery.wait()
            let count = try batch.receive(from: receiver.fileDescriptor, into: room)

            #expect(count == 2)
            #expect(batch.datagram(at: 0).length == 2007)
            #expect(batch.datagram(at: 0).segmentSize == 1000)
            #expect(batch.datagram(at: 0).sourcePort == 5073)
            #expect(batch.datagram(at: 1).length == 4000)
            #expect([memory.content(0), memory.content(1), memory.content(2, 7)] == first)
            #expect(memory.content(2)[7...].allSatisfy { $0 == 0xee })
            #expect(memory.content(3).allSatisfy { $0 == 0xee })
            #expect((4..<8).map { memory.content($0) } == second)

            // The slots come into their own again.
            #expect(try batch.receive(from: receiver.fileDescriptor) == 1)
            #expect(
                batch.payload(at: 0).octets == [UInt8](repeating: 21, count: 5)
                    + [UInt8](repeating: 22, count: 5)
            )
        }
    }

    @Test func takesNoMoreMessagesThanAskedFor() throws {
        try NetworkNamespace.run {
            let receiver = try UDPSocket(port: 5072, family: .ipv4)
            let sender = try UDPSocket(connectedTo: Endpoint(Self.address, port: 5072))
            let batch = try ReceiveBatch(capacity: 4, slotSize: 2048, headroom: 64)
            let memory = Memory(parts: 6, length: 10)
            let room = ScatteredRoom(capacity: 6)
            memory.fill(room, 0..<6, partsPerMessage: 2)
            for number in 1...4 {
                try sender.send([UInt8](repeating: UInt8(number), count: 10 * number).span.bytes)
            }
            try Delivery.wait()

            #expect(try batch.receive(from: receiver.fileDescriptor, atMost: 1, into: room) == 1)
            #expect(batch.length(at: 0) == 10)
            #expect(memory.content(0).allSatisfy { $0 == 1 })

            #expect(try batch.receive(from: receiver.fileDescriptor, atMost: 4, into: room) == 3)
            #expect((0..<3).map { batch.datagram(at: $0).length } == [20, 20, 20])
            #expect((0..<3).map { batch.datagram(at: $0).isTruncated } == [false, true, true])
            #expect((0..<6).map { memory.content($0, 1) } == [[2], [2], [3], [3], [4], [4]])
            #expect(try batch.receive(from: receiver.fileDescriptor, into: room) == 0)
        }
    }

    @Test func countsOnlyWholeMessages() {
        let memory = Memory(parts: 5, length: 1)
        let room = ScatteredRoom(capacity: 8)

        memory.fill(room, 0..<5, partsPerMessage: 2)
        #expect(room.messageCount == 2)
        memory.fill(room, 0..<3, partsPerMessage: 3)
        #expect(room.messageCount == 1)
        room.begin(partsPerMessage: 4)
        #expect(room.messageCount == 0)
    }

    @Test func takesAPacketOfATUNDevice() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let tun = try TUNDevice(name: "sxtun0", wantsOffloads: true)
            let device = try NetworkDevice(named: tun.name)
            try netlink.disableAddressGeneration(of: device)
            try netlink.addAddress(IPv6Address(parsing: "2001:db8:1::2"), prefixLength: 64, to: device)
            try netlink.bringUp(device)
            let destination = IPAddress.ipv6(try IPv6Address(parsing: "2001:db8:1::1"))
            let sender = try UDPSocket(connectedTo: Endpoint(destination, port: 9))
            let memory = Memory(parts: 8, length: 200)
            let room = ScatteredRoom(capacity: 8)
            memory.fill(room, 0..<8, partsPerMessage: 8)
            let payload = (0..<1000).map { UInt8(truncatingIfNeeded: $0 / 3) }

            try sender.send(payload.span.bytes)
            try Delivery.wait()
            var packets: [[UInt8]] = []
            while let count = try tun.read(into: room) {
                packets.append(Array((0..<8).flatMap { memory.content($0) }.prefix(count)))
            }

            // The kernel sends others into a new device, which are shorter.
            let packet = try #require(packets.max { $0.count < $1.count })
            #expect(packet.count == tun.headerLength + 48 + 1000)
            #expect(Array(packet.suffix(1000)) == payload)
        }
    }
}
