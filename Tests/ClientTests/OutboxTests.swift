import Core
import Testing
import Wire

@testable import sixxs_client

@Suite("The outbox")
struct OutboxTests {
    private static let place = VirtioNetHeader.Checksum(start: 40, offset: 6)

    /// A UDP datagram of ours; with only the sum of the pseudo-header when its checksum is the device's to complete.
    private static func udp(_ payload: [UInt8], isComplete: Bool = true) -> [UInt8] {
        TestTunnel.octets(48 + payload.count) { bytes in
            let length = UInt16(8 + payload.count)
            IPv6Header(
                payloadLength: length,
                nextHeader: ProtocolNumber.udp,
                hopLimit: 64,
                source: TestTunnel.us,
                destination: TestTunnel.internet
            ).encode(into: &bytes, at: 0)
            bytes.storeBigEndian(UInt32(40_000) << 16 | 9, at: 40)
            bytes.storeBigEndian(length, at: 44)
            bytes.store(payload.span.bytes, at: 48)
            var sum = InternetChecksum()
            sum.addPseudoHeader(
                source: TestTunnel.us,
                destination: TestTunnel.internet,
                upperLayerLength: Int(length),
                nextHeader: ProtocolNumber.udp
            )
            if isComplete { sum.add(bytes.bytes.extracting(droppingFirst: 40)) }
            bytes.storeBigEndian(isComplete ? sum.value : ~sum.value, at: 46)
        }
    }

    private static func message(_ packet: [UInt8], _ header: VirtioNetHeader = VirtioNetHeader()) -> [UInt8] {
        TestTunnel.octets(VirtioNetHeader.length) { header.encode(into: &$0, at: 0) } + packet
    }

    /// A packet that stands for several datagrams.
    private static func whole(_ payload: [UInt8], size: Int) -> [UInt8] {
        let header = VirtioNetHeader(
            segmentation: .udp,
            headerLength: 48,
            segmentSize: UInt16(size),
            checksum: Self.place
        )
        return Self.message(Self.udp(payload, isComplete: false), header)
    }

    private static func payload(_ count: Int, from first: Int = 0) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: first &+ $0 &* 7 &+ $0 >> 8) }
    }

    /// What leaves for what the host sent, batch by batch.
    private static func batches(
        _ messages: [[UInt8]],
        headerLength: Int = VirtioNetHeader.length,
        _ session: inout TunnelSession
    ) throws -> [[[UInt8]]] {
        var outbox = try Outbox()
        var sent: [[[UInt8]]] = []
        let send = { (departures: [Outbox.Departure]) in sent.append(departures.map { Array($0.octets) }) }
        var index = 0
        for message in messages {
            outbox.room(at: index, headerLength: headerLength).copyBytes(from: message)
            let count = outbox.receive(
                message.count,
                at: index,
                headerLength: headerLength,
                &session,
                at: TestTunnel.time(7),
                send
            )
            if count == 0 { index += 1 }
        }
        outbox.flush(session, send)
        outbox.flush(session, send)
        return sent
    }

    /// The inner packets of datagrams, each of which must be signed.
    private static func inner(_ datagrams: [[UInt8]]) throws -> [[UInt8]] {
        try datagrams.map { octets in
            let datagram = try AYIYAPacket(octets.span.bytes)
            let isSigned = datagram.hasSignature(by: TestTunnel.secret)
            #expect(isSigned)
            #expect(datagram.identity == TestTunnel.us && datagram.opcode == .forward)
            #expect(datagram.epochTime == UInt32(TestTunnel.epoch + 7))
            return datagram.payload.octets
        }
    }

    @Test(arguments: [1, 2, 3, 10])
    func signsEachPacket(count: Int) throws {
        var session = TestTunnel.session()
        let packets = (0..<count).map { Self.udp(Self.payload(100 + $0)) }

        let with = try Self.batches(packets.map { Self.message($0) }, &session)
        let without = try Self.batches(packets, headerLength: 0, &session)

        #expect(try with.map(Self.inner) == [packets])
        #expect(without == with)
    }

    @Test(arguments: [(1000, 1000), (5000, 1000), (5001, 1000), (5999, 1000), (10, 3)])
    func cutsUpWhatStandsForSeveral(count: Int, size: Int) throws {
        var session = TestTunnel.session()
        let payload = Self.payload(count)

        let batches = try Self.batches([Self.whole(payload, size: size)], &session)

        let wanted = stride(from: 0, to: count, by: size).map {
            Self.udp(Array(payload[$0..<min($0 + size, count)]))
        }
        #expect(try batches.map(Self.inner) == [wanted])
        #expect(session.drops.total == 0)
    }

    @Test func completesAChecksum() throws {
        var session = TestTunnel.session()
        let message = Self.message(
            Self.udp(Self.payload(99), isComplete: false),
            VirtioNetHeader(checksum: Self.place)
        )

        let batches = try Self.batches([message], &session)

        #expect(try batches.map(Self.inner) == [[Self.udp(Self.payload(99))]])
    }

    /// No slot is taken twice, whatever it is that fills the stores.
    @Test(arguments: [0, 1, 20, 50])
    func sendsEachPacketOnceInItsOrder(singles: Int) throws {
        var session = TestTunnel.session()
        var messages: [[UInt8]] = []
        var wanted: [[UInt8]] = []
        for number in 0..<singles {
            let packet = Self.udp(Self.payload(50, from: number))
            messages.append(Self.message(packet))
            wanted.append(packet)
        }
        for number in 0..<7 {
            let payload = Self.payload(45 * 600, from: number)
            messages.append(Self.whole(payload, size: 600))
            wanted += stride(from: 0, to: payload.count, by: 600).map {
                Self.udp(Array(payload[$0..<$0 + 600]))
            }
        }

        let batches = try Self.batches(messages, &session)

        #expect(try batches.flatMap { try Self.inner($0) } == wanted)
        #expect(batches.allSatisfy { !$0.isEmpty && $0.count <= Outbox.capacity })
    }

    /// Larger than the slots: a device whose MTU somebody raised.
    @Test func sendsLargeSegmentsOneByOne() throws {
        var session = TestTunnel.session()
        let payload = Self.payload(10_000)

        let batches = try Self.batches(
            [Self.message(Self.udp([1])), Self.whole(payload, size: 4000)],
            &session
        )

        let wanted = [0..<4000, 4000..<8000, 8000..<10_000].map { Self.udp(Array(payload[$0])) }
        #expect(try batches.flatMap { try Self.inner($0) } == [Self.udp([1])] + wanted)
    }

    @Test func countsEachPacketThatGoesNoFurtherOnce() throws {
        var session = TestTunnel.session()
        var linkLocal = Self.whole(Self.payload(3000), size: 1000)
        linkLocal.replaceSubrange(10 + 8..<10 + 10, with: [0xfe, 0x80])
        let broken = VirtioNetHeader(
            segmentation: .udp,
            segmentSize: 100,
            checksum: .init(start: 40, offset: 7)
        )
        let outside = VirtioNetHeader(checksum: .init(start: 40, offset: 60_000))

        let batches = try Self.batches(
            [
                linkLocal, Self.message(Self.udp([1]), broken), Self.message(Self.udp([1]), outside), [0],
                Self.message(TestTunnel.outerPacket([])), Self.message(Self.udp([2])),
            ],
            &session
        )

        #expect(try batches.map(Self.inner) == [[Self.udp([2])]])
        #expect(session.drops[.linkLocal] == 3)
        #expect(session.drops[.notIPv6] == 4)
        #expect(session.drops.total == 7)
    }

    @Test func leavesA6in4PacketAsItIs() throws {
        var session = TestTunnel.session(.sixInFour)
        let payload = Self.payload(2500)

        let batches = try Self.batches([Self.whole(payload, size: 1000)], &session)

        #expect(batches == [[0..<1000, 1000..<2000, 2000..<2500].map { Self.udp(Array(payload[$0])) }])
    }
}
