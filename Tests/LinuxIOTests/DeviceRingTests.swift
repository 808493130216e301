import LinuxIO
import Testing
import Wire

@Suite("How many reads go to the kernel together")
struct ReadBatchSizeTests {
    @Test(
        arguments: [
            // How many came one by one without a gap; how many are asked for next.
            (0, 1), (1, 1), (7, 1), (8, 2), (11, 2), (12, 3), (127, 31), (128, 32), (1000, 32),
        ]
    )
    func asksForAQuarterOfWhatCame(came: Int, next: Int) {
        var ahead = ReadBatchSize(most: 32)
        for _ in 0..<came { ahead.note(asked: 1, got: 1) }
        #expect(ahead.count == next)
    }

    @Test func asksForNoMoreInVainThanAQuarterOfWhatCame() {
        for waiting in 1...1000 {
            var ahead = ReadBatchSize(most: 32)
            var left = waiting
            var vain = 0
            while left > 0 {
                let got = min(ahead.count, left)
                vain = ahead.count - got
                left -= got
                ahead.note(asked: ahead.count, got: got)
            }
            #expect(vain <= waiting / 4)
        }
    }

    @Test func startsAgainWithOneAfterAGapAndWhenToldTo() {
        var ahead = ReadBatchSize(most: 32)
        for _ in 0..<100 { ahead.note(asked: 1, got: 1) }
        ahead.note(asked: 25, got: 24)
        #expect(ahead.count == 1)
        for _ in 0..<100 { ahead.note(asked: 1, got: 1) }
        ahead.restart()
        #expect(ahead.count == 1)
        #expect(ReadBatchSize(most: 0).count == 1)
    }
}

extension DeviceRing {
    /// Whether this process may make namespaces and rings.
    fileprivate static let isPossible: Bool = {
        guard NetworkNamespace.isAvailable else { return false }
        return (try? NetworkNamespace.run { _ = try DeviceRing(for: TUNDevice(name: "sxtun0")) }) != nil
    }()
}

@Suite(
    "Reads and writes of a TUN device that go to the kernel together",
    .enabled(if: DeviceRing.isPossible, "needs root for network namespaces, and io_uring allowed")
)
struct DeviceRingTests {
    /// Room for some packets.
    private final class Rooms {
        static let size = 2048
        let octets = UnsafeMutableRawBufferPointer.allocate(
            byteCount: DeviceRing.capacity * size,
            alignment: 64
        )

        deinit { self.octets.deallocate() }

        subscript(index: Int) -> UnsafeMutableRawBufferPointer {
            UnsafeMutableRawBufferPointer(rebasing: self.octets[index * Self.size..<(index + 1) * Self.size])
        }
    }

    /// A device that is silent, and whose kernel was asked so many pings, the first with a body of one octet, each of the
    /// others with one more.
    private static func device(_ netlink: inout RouteNetlink, answers: Int) throws -> TUNDevice {
        let tun = try TUNDeviceTests.device(&netlink)
        _ = try TUNDeviceTests.drain(tun)
        let us = try TUNDeviceTests.address("2001:db8:1::2")
        let them = try TUNDeviceTests.address("2001:db8:1::1")
        for length in 1...answers {
            try tun.write(TUNDeviceTests.echoRequest(from: them, to: us, body: length).span.bytes)
        }
        return tun
    }

    /// Answers to pings in the order in which a ring brings them; it reads until there are so many.
    private static func gather(
        _ count: Int,
        from tun: borrowing TUNDevice,
        _ read: () throws -> [[UInt8]]
    ) throws -> [[UInt8]] {
        let poller = try Poller()
        try poller.add(tun.fileDescriptor, token: 0)
        var answers: [[UInt8]] = []
        while answers.count < count, try poller.wait(timeoutInMilliseconds: 10_000) > 0 {
            answers += try read().filter(TUNDeviceTests.isAnswer)
        }
        return answers
    }

    private static func read(_ count: Int, _ ring: DeviceRing, _ rooms: Rooms) throws -> [Int?] {
        for index in 0..<count { ring.append(rooms[index]) }
        try ring.read()
        return try (0..<count).map { try ring.length(at: $0) }
    }

    @Test func bringPacketsInTheirOrder() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let tun = try Self.device(&netlink, answers: 40)
            let ring = try DeviceRing(for: tun)
            let rooms = Rooms()

            let answers = try Self.gather(40, from: tun) {
                let lengths = try Self.read(DeviceRing.capacity, ring, rooms)
                return lengths.enumerated().compactMap { index, length in
                    length.map { Array(rooms[index].prefix($0)) }
                }
            }

            #expect(answers.map(\.count) == (1...40).map { 48 + $0 })
            for (index, octets) in answers.enumerated() {
                #expect(try IPv6Packet(octets.span.bytes).payload.byteCount == 9 + index)
                #expect(octets.last == UInt8(index))
            }
        }
    }

    @Test func bringTheSameIntoMemoryThatIsPinned() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let tun = try Self.device(&netlink, answers: 40)
            let batch = try ReceiveBatch(capacity: 16, slotSize: 2368, headroom: 192)
            let ring = try DeviceRing(for: tun)
            try ring.pin(batch)
            let rooms = Rooms()

            // By turns into a slot, and into memory that is none.
            func room(_ index: Int) -> UnsafeMutableRawBufferPointer {
                index.isMultiple(of: 2) ? batch.slot(at: index / 2) : rooms[index]
            }
            let answers = try Self.gather(40, from: tun) {
                for index in 0..<32 { ring.append(room(index)) }
                try ring.read()
                return try (0..<32).compactMap { index in
                    try ring.length(at: index).map { Array(room(index).prefix($0)) }
                }
            }

            #expect(answers.map(\.count) == (1...40).map { 48 + $0 })
            for (index, octets) in answers.enumerated() {
                #expect(try IPv6Packet(octets.span.bytes).payload.byteCount == 9 + index)
                #expect(octets.last == UInt8(index))
            }
        }
    }

    /// Each is written but those that are refused.
    @Test func takePacketsInTheirOrder() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let tun = try TUNDeviceTests.device(&netlink)
            _ = try TUNDeviceTests.drain(tun)
            let us = try TUNDeviceTests.address("2001:db8:1::2")
            let them = try TUNDeviceTests.address("2001:db8:1::1")
            let batch = try ReceiveBatch(capacity: 16, slotSize: 2368, headroom: 192)
            let ring = try DeviceRing(for: tun)
            try ring.pin(batch)
            let rooms = Rooms()
            let refused = [5, 6, 31]

            for index in 0..<32 {
                let packet =
                    refused.contains(index)
                    ? [0xff, 0xff] : TUNDeviceTests.echoRequest(from: them, to: us, body: index)
                let room = index.isMultiple(of: 2) ? batch.slot(at: index / 2) : rooms[index]
                room.copyBytes(from: packet)
                ring.append(UnsafeMutableRawBufferPointer(rebasing: room[..<packet.count]))
            }
            try ring.write()

            #expect((0..<32).filter { !ring.isWritten(at: $0) } == refused)
            let lengths = try TUNDeviceTests.answers(tun, count: 32 - refused.count).map(\.count)
            #expect(lengths == (0..<32).filter { !refused.contains($0) }.map { 48 + $0 })
        }
    }

    /// A packet that waits when the ring is made is still there: to find out what the kernel can do takes none.
    @Test func takeNothingWhenTheRingIsMade() throws {
        try NetworkNamespace.run {
            var netlink = try RouteNetlink()
            let tun = try Self.device(&netlink, answers: 3)
            for _ in 0..<3 { _ = try DeviceRing(for: tun) }

            #expect(try TUNDeviceTests.answers(tun, count: 3).map(\.count) == [49, 50, 51])
        }
    }

    @Test func writeNothingWhileTheInterfaceIsDown() throws {
        try NetworkNamespace.run {
            let tun = try TUNDevice(name: "sxtun0")
            let ring = try DeviceRing(for: tun)
            let rooms = Rooms()

            for index in 0..<3 { ring.append(rooms[index]) }
            try ring.write()

            #expect((0..<3).allSatisfy { !ring.isWritten(at: $0) })
        }
    }

    @Test func waitForNothing() throws {
        try NetworkNamespace.run {
            let tun = try TUNDevice(name: "sxtun0")
            let ring = try DeviceRing(for: tun)
            #expect(try Self.read(3, ring, Rooms()) == [nil, nil, nil])
            #expect(try Self.read(0, ring, Rooms()) == [])
        }
    }

    @Test func letGoOfTheDeviceWhenTheRingEnds() throws {
        try NetworkNamespace.run {
            for _ in 0..<3 {
                let tun = try TUNDevice(name: "sxtun0")
                let ring = try DeviceRing(for: tun)
                #expect(try Self.read(1, ring, Rooms()) == [nil])
            }
        }
    }
}
