import TestSupport
import Testing
import Wire

@Suite("An IPv6 packet") struct IPv6PacketTests {
    /// A header of 40 octets and 8 of payload.
    static let plain = octets(
        "6b9a bcde 0008 11 3f 20010db8ffff00000000000000000010 20010db802ff00000000000000000002 0001020304050607"
    )

    private static func refusal(of octets: [UInt8]) -> DecodeError? {
        WireTests.refusal(of: octets) { span throws(DecodeError) in _ = try IPv6Packet(span) }
    }

    @Test func showsItsFields() throws {
        let packet = try IPv6Packet(Self.plain.span.bytes)

        #expect(packet.totalLength == 48)
        #expect(packet.trafficClass == 0xb9)
        #expect(packet.flowLabel == 0xabcde)
        #expect(packet.nextHeader == ProtocolNumber.udp)
        #expect(packet.hopLimit == 0x3f)
        #expect(packet.source.description == "2001:db8:ffff::10")
        #expect(packet.destination.description == "2001:db8:2ff::2")
        #expect(packet.payload.octets == octets("0001020304050607"))
        #expect(packet.octets.octets == Self.plain)
    }

    @Test func leavesPaddingOut() throws {
        let padded = Self.plain + [0xaa]
        let packet = try IPv6Packet(padded.span.bytes)

        #expect(packet.totalLength == 48)
        #expect(packet.octets.octets == Self.plain)
    }

    @Test func refusesEveryTruncation() {
        expectTruncationsRefused(of: Self.plain) { span throws(DecodeError) in _ = try IPv6Packet(span) }
    }

    // swift-format-ignore
    static let boundaries: [Row<[UInt8], DecodeError?>] = [
        Row("empty",                          [],                             is: .truncated(needed: 1, available: 0)),
        Row("first octet only",               [0x60],                         is: .truncated(needed: 40, available: 1)),
        Row("first octet of another version", [0x45],                         is: .unsupportedVersion(4)),
        Row("version 0",                      plain.with(0x0b, at: 0),        is: .unsupportedVersion(0)),
        Row("version 7",                      plain.with(0x7b, at: 0),        is: .unsupportedVersion(7)),
        Row("version 15",                     plain.with(0xfb, at: 0),        is: .unsupportedVersion(15)),
        Row("no payload",                     plain.with(word: 0, at: 4),     is: nil),
        Row("payload up to the last octet",   plain.with(word: 8, at: 4),     is: nil),
        Row("payload one octet too long",     plain.with(word: 9, at: 4),     is: .truncated(needed: 49, available: 48)),
        Row("longest payload",                plain.with(word: 65535, at: 4), is: .truncated(needed: 65575, available: 48)),
    ]

    @Test(arguments: Self.boundaries)
    func isRefusedFor(_ row: Row<[UInt8], DecodeError?>) {
        #expect(Self.refusal(of: row.input) == row.output)
    }

    @Test func declaresItsLengthInItsBeginning() throws {
        let octets = Self.plain.prefix(40).with(word: 1000, at: 4)

        #expect(try IPv6Packet.totalLength(of: octets.span.bytes, available: 1040) == 1040)
        #expect(throws: DecodeError.truncated(needed: 1040, available: 1039)) {
            try IPv6Packet.totalLength(of: octets.span.bytes, available: 1039)
        }
        #expect(throws: DecodeError.truncated(needed: 40, available: 39)) {
            try IPv6Packet.totalLength(of: Array(octets.prefix(39)).span.bytes, available: 1040)
        }
    }

    @Test func mayBeAsLongAsItsLengthFieldCanSay() throws {
        let octets = Self.plain.prefix(40).with(word: 65535, at: 4) + [UInt8](repeating: 0, count: 65535)
        let packet = try IPv6Packet(octets.span.bytes)

        #expect(packet.totalLength == 65575)
    }

    @Test func isWrittenAsItReads() throws {
        var generator = SeededGenerator(seed: 8200)
        for round in 0..<500 {
            let payload = generator.octets(Int.random(in: 0...64, using: &generator))
            let header = IPv6Header(
                trafficClass: UInt8(truncatingIfNeeded: generator.next()),
                payloadLength: UInt16(payload.count),
                nextHeader: UInt8(truncatingIfNeeded: generator.next()),
                hopLimit: UInt8(truncatingIfNeeded: generator.next()),
                source: generator.address(),
                destination: generator.address()
            )

            let octets = written([UInt8](repeating: 0xee, count: 40) + payload) {
                header.encode(into: &$0, at: 0)
            }
            let packet = try IPv6Packet(octets.span.bytes)
            let read = IPv6Header(
                trafficClass: packet.trafficClass,
                payloadLength: UInt16(packet.payload.byteCount),
                nextHeader: packet.nextHeader,
                hopLimit: packet.hopLimit,
                source: packet.source,
                destination: packet.destination
            )

            #expect(read == header, "round \(round)")
            #expect(packet.flowLabel == 0, "round \(round)")
            #expect(packet.payload.octets == payload, "round \(round)")
        }
    }

    @Test func isWrittenAtItsOffsetOnly() {
        let header = IPv6Header(
            payloadLength: 0,
            nextHeader: ProtocolNumber.noNextHeader,
            hopLimit: 64,
            source: .unspecified,
            destination: .loopback
        )

        let octets = written(46) { header.encode(into: &$0, at: 3) }

        let expected = "eeeeee 60000000 0000 3b40 \(String(repeating: "00", count: 31)) 01 eeeeee"
        #expect(octets == TestSupport.octets(expected))
    }
}

extension ArraySlice where Element == UInt8 {
    /// As the method of the same name of an array.
    fileprivate func with(word: UInt16, at index: Int) -> [UInt8] {
        Array(self).with(word: word, at: index)
    }
}
