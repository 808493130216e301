import TestSupport
import Testing
import Wire

@testable import Core

@Suite("Segments that go to the kernel as one") struct CoalescerTests {
    /// What the kernel is given for a batch: each unit's octets, and what stands in front of them.
    private static func coalesced(
        _ packets: [[UInt8]]
    ) -> [(packet: [UInt8], header: VirtioNetHeader, count: Int)] {
        var coalescer = Coalescer(capacity: max(packets.count, 1))
        for packet in packets { coalescer.add(packet.span.bytes) }
        return (0..<coalescer.unitCount).map { index in
            let unit = coalescer.unit(at: index)
            var head = packets[unit.first]
            guard unit.count > 1 else { return (head, VirtioNetHeader(), 1) }
            var header = VirtioNetHeader()
            do {
                var span = head.mutableSpan
                var bytes = span.mutableBytes
                header = coalescer.makeGSOPacket(of: index, in: &bytes)
            }
            var octets = head
            var place = unit.first
            for _ in 1..<unit.count {
                place = coalescer.successor(of: place)
                octets += packets[place].dropFirst(unit.headerLength)
            }
            do {
                var span = head.mutableSpan
                var bytes = span.mutableBytes
                coalescer.unmakeGSOPacket(of: index, in: &bytes)
            }
            #expect(head == packets[unit.first], "undone, the first packet is what it was")
            return (octets, header, unit.count)
        }
    }

    /// What comes out of the kernel, which is what our own splitter makes of a GSO packet: see GSOPacketTests.
    private static func delivered(_ packets: [[UInt8]]) throws -> [[UInt8]] {
        try Self.coalesced(packets).flatMap { unit in
            unit.count == 1 ? [unit.packet] : try GSOPacketTests.segments(unit.packet, unit.header)
        }
    }

    private static func counts(_ segments: [TCPSegment]) -> [Int] {
        Self.coalesced(segments.map(\.octets)).map(\.count)
    }

    /// Segments of a stream, one behind the other.
    private static func stream(
        _ sizes: [Int],
        change: (Int, inout TCPSegment) -> Void = { _, _ in }
    ) -> [TCPSegment] {
        var sequence: UInt32 = .max - 1500
        return sizes.enumerated().map { index, size in
            var segment = TCPSegment(options: [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2])
            segment.sequence = sequence
            segment.payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &+ index) }
            sequence &+= UInt32(size)
            change(index, &segment)
            return segment
        }
    }

    @Test func areThoseThatFollowEachOther() {
        #expect(Self.counts(Self.stream([1000, 1000, 1000, 1000])) == [4])
    }

    @Test func endWithAShortOne() {
        #expect(Self.counts(Self.stream([1000, 1000, 10, 1000, 1000])) == [3, 2])
        #expect(Self.counts(Self.stream([1000, 1001, 1001])) == [1, 2])
    }

    @Test func endWithAPush() {
        #expect(Self.counts(Self.stream([9, 9, 9, 9]) { $1.flags |= $0 == 1 ? 0x08 : 0 }) == [2, 2])
        #expect(Self.counts(Self.stream([9, 9, 9]) { $1.flags |= $0 == 0 ? 0x08 : 0 }) == [1, 2])
    }

    @Test func areNoMoreThanOnePacketHolds() {
        let counts = Self.counts(Self.stream([Int](repeating: 1400, count: 60)))
        #expect(counts.count == 2)
        #expect(counts.reduce(0, +) == 60)
    }

    // swift-format-ignore
    static let changes: [(String, @Sendable (inout TCPSegment) -> Void)] = [
        ("another traffic class", { $0.trafficClass = 2 }),
        ("congestion experienced", { $0.trafficClass = 3 }),
        ("another flow label", { $0.flowLabel = 7 }),
        ("another hop limit", { $0.hopLimit = 63 }),
        ("another acknowledgement", { $0.acknowledgement = 8 }),
        ("another window", { $0.window = 501 }),
        ("another timestamp", { $0.options[7] = 9 }),
        ("other options", { $0.options = [1, 1, 1, 1] }),
        ("ECN echo", { $0.flags |= 0x40 }),
        ("a reduced window", { $0.flags |= 0x80 }),
        ("FIN", { $0.flags |= 0x01 }),
        ("RST", { $0.flags |= 0x04 }),
        ("URG", { $0.flags |= 0x20 }),
        ("no ACK", { $0.flags = 0 }),
        ("a wrong checksum", { $0.checksumError = 1 }),
        ("an extension header", { $0.extensions = [6, 0, 1, 4, 0, 0, 0, 0] }),
        ("a gap before it", { $0.sequence &+= 1 }),
        ("what was sent before", { $0.sequence &-= 1000 }),
        ("another source", { $0.source = ipv6("2001:db8:ffff::11") }),
        ("another port", { $0.ports.source = 1 }),
    ]

    @Test(arguments: changes.indices)
    func areNotThoseWithAnythingElse(_ index: Int) throws {
        let (name, change) = Self.changes[index]
        let segments = Self.stream([1000, 1000, 1000]) { if $0 == 1 { change(&$1) } }

        let counts = Self.counts(segments)

        #expect(!counts.contains { $0 == 3 }, "\(name)")
        #expect(
            try Self.delivered(segments.map(\.octets)).sorted(by: Self.before)
                == segments.map(\.octets).sorted(by: Self.before)
        )
    }

    private static func before(_ one: [UInt8], _ other: [UInt8]) -> Bool {
        one.lexicographicallyPrecedes(other)
    }

    @Test func areFoundAmongOthers() {
        let one = Self.stream([100, 100, 100])
        let other = Self.stream([50, 50, 50]) { $1.ports.source = 2 }
        #expect(Self.counts(zip(one, other).flatMap { [$0, $1] }) == [3, 3])
    }

    // MARK: - Whatever comes

    /// One step of a random stream: the next segment, or something that happens on the way.
    private static func random(_ generator: inout SeededGenerator) -> [[UInt8]] {
        var segments: [[UInt8]] = []
        let size = Int.random(in: 1...60, using: &generator)
        var heads = (0..<3).map { flow in
            var head = TCPSegment(options: Array(repeating: 1, count: 4 * flow))
            head.ports.source = UInt16(flow)
            if flow == 2 { head.source = ipv6("2001:db8:ffff::99") }
            head.sequence = .random(in: .min ... .max, using: &generator)
            return head
        }
        for _ in 0..<Int.random(in: 0...60, using: &generator) {
            let flow = Int.random(in: 0..<3, using: &generator)
            let isShort = Int.random(in: 0..<8, using: &generator) == 0
            let count = isShort ? Int.random(in: 0...size, using: &generator) : size
            var segment = heads[flow]
            segment.payload = generator.octets(count)
            if Int.random(in: 0..<10, using: &generator) == 0 {
                let change = Self.changes.randomElement(using: &generator, or: Self.changes[0]).1
                if segment.options.count > 8 || Int.random(in: 0..<2, using: &generator) == 0 {
                    var changed = segment
                    changed.options = changed.options.isEmpty ? [1, 1, 1, 1, 1, 1, 1, 1] : changed.options
                    if changed.options.count >= 8 { change(&changed) }
                    segment = changed
                }
            }
            if Int.random(in: 0..<8, using: &generator) == 0 { segment.flags |= 0x08 }
            heads[flow].sequence &+= UInt32(count)
            segments.append(segment.octets)
            let event = Int.random(in: 0..<20, using: &generator)
            if event == 0 { segments.append(Packet.udp(segment.source, segment.destination)) }
            if event == 1, segments.count > 1 { segments.swapAt(segments.count - 1, segments.count - 2) }
            if event == 2 { segments.append(segments[segments.count - 1]) }
            if event == 3 { segments[segments.count - 1][Int.random(in: 0..<61, using: &generator)] ^= 4 }
        }
        return segments
    }

    @Test func comeOutOctetForOctetAndInTheirOrder() throws {
        var generator = SeededGenerator(seed: RandomRun.seed)
        var merged = 0
        for round in 0..<RandomRun.rounds(usually: 800) {
            let packets = Self.random(&generator)

            let delivered = try Self.delivered(packets)

            #expect(Self.perConnection(delivered) == Self.perConnection(packets), "round \(round)")
            merged += packets.count - Self.coalesced(packets).count
        }
        #expect(merged > 500, "the test tests something")
    }

    /// The packets of each connection, in their order; of all others together.
    private static func perConnection(_ packets: [[UInt8]]) -> [[UInt8]: [[UInt8]]] {
        Dictionary(grouping: packets) { packet in
            packet.count >= 44 && packet[6] == 6 ? Array(packet[8..<44]) : []
        }
    }

    @Test func areNeverTrappedOn() {
        var generator = SeededGenerator(seed: 20_261_129)
        var coalescer = Coalescer(capacity: 64)
        for _ in 0..<4000 {
            if coalescer.count == 64 { coalescer.removeAll() }
            var octets = TCPSegment(payload: [1, 2, 3]).octets
            octets[Int.random(in: 0..<octets.count, using: &generator)] = .random(
                in: .min ... .max,
                using: &generator
            )
            octets = Array(octets.prefix(.random(in: 0...octets.count, using: &generator)))
            coalescer.add(octets.span.bytes)
        }
    }
}
