import TestSupport
import Testing
import Wire

@Suite("An IPv4 packet") struct IPv4PacketTests {
    /// A header of 20 octets and 8 of payload, padded by nothing.
    static let plain = octets("45b9 001c 1234 4000 3f29 0000 c0000201 c6336407 0001020304050607")
    /// The same with 4 octets of options.
    static let withOptions = octets(
        "46b9 0020 1234 4000 3f29 0000 c0000201 c6336407 01010100 0001020304050607"
    )

    private static func refusal(of octets: [UInt8]) -> DecodeError? {
        WireTests.refusal(of: octets) { span throws(DecodeError) in _ = try IPv4Packet(span) }
    }

    private static func refusal(ofQuoted octets: [UInt8]) -> DecodeError? {
        WireTests.refusal(of: octets) { span throws(DecodeError) in _ = try IPv4Packet(quoted: span) }
    }

    @Test func showsItsFields() throws {
        let packet = try IPv4Packet(Self.plain.span.bytes)

        #expect(packet.headerLength == 20)
        #expect(packet.totalLength == 28)
        #expect(packet.trafficClass == 0xb9)
        #expect(packet.identification == 0x1234)
        #expect(packet.dontFragment == true)
        #expect(packet.timeToLive == 0x3f)
        #expect(packet.protocolNumber == ProtocolNumber.ipv6)
        #expect(packet.source == IPv4Address(192, 0, 2, 1))
        #expect(packet.destination == IPv4Address(198, 51, 100, 7))
        #expect(packet.payload.octets == octets("0001020304050607"))
    }

    @Test func stepsOverOptions() throws {
        let packet = try IPv4Packet(Self.withOptions.span.bytes)

        #expect(packet.headerLength == 24)
        #expect(packet.payload.octets == octets("0001020304050607"))
    }

    @Test func leavesPaddingOut() throws {
        let padded = Self.plain + [0xaa, 0xbb, 0xcc]
        let packet = try IPv4Packet(padded.span.bytes)

        #expect(packet.totalLength == 28)
        #expect(packet.payload.octets == octets("0001020304050607"))
    }

    @Test(arguments: [Self.plain, Self.withOptions])
    func refusesEveryTruncation(_ octets: [UInt8]) {
        expectTruncationsRefused(of: octets) { span throws(DecodeError) in _ = try IPv4Packet(span) }
    }

    // swift-format-ignore
    static let boundaries: [Row<[UInt8], DecodeError?>] = [
        Row("empty",                            [],                                is: .truncated(needed: 1, available: 0)),
        Row("first octet only",                 [0x45],                            is: .truncated(needed: 20, available: 1)),
        Row("first octet of another version",   [0x60],                            is: .unsupportedVersion(6)),
        Row("version 0",                        plain.with(0x05, at: 0),           is: .unsupportedVersion(0)),
        Row("version 5",                        plain.with(0x55, at: 0),           is: .unsupportedVersion(5)),
        Row("header of 0 words",                plain.with(0x40, at: 0),           is: .invalidField(.headerLength)),
        Row("header of 4 words",                plain.with(0x44, at: 0),           is: .invalidField(.headerLength)),
        Row("header of 5 words",                plain.with(0x45, at: 0),           is: nil),
        Row("header up to the last octet",      plain.with(0x47, at: 0),           is: nil),
        Row("header over the total length",     plain.with(0x48, at: 0),           is: .invalidField(.totalLength)),
        Row("total length 0",                   plain.with(word: 0, at: 2),        is: .invalidField(.totalLength)),
        Row("total length under the header",    plain.with(word: 19, at: 2),       is: .invalidField(.totalLength)),
        Row("header without payload",           plain.with(word: 20, at: 2),       is: nil),
        Row("options under the total length",   withOptions.with(word: 23, at: 2), is: .invalidField(.totalLength)),
        Row("options without payload",          withOptions.with(word: 24, at: 2), is: nil),
        Row("total length one too long",        plain.with(word: 29, at: 2),       is: .truncated(needed: 29, available: 28)),
        Row("longest total length",             plain.with(word: 65535, at: 2),    is: .truncated(needed: 65535, available: 28)),
    ]

    @Test(arguments: Self.boundaries)
    func isRefusedFor(_ row: Row<[UInt8], DecodeError?>) {
        #expect(Self.refusal(of: row.input) == row.output)
    }

    // swift-format-ignore
    static let quoted: [Row<[UInt8], DecodeError?>] = [
        Row("header and 8 octets of a large packet", plain.with(word: 1500, at: 2),      is: nil),
        Row("header alone of a large packet", Array(plain.prefix(20)),                   is: nil),
        Row("cut in the header",       Array(plain.prefix(19)),                          is: .truncated(needed: 20, available: 19)),
        Row("cut in the options",      Array(withOptions.prefix(23)),                    is: .truncated(needed: 24, available: 23)),
        Row("cut after the options",   Array(withOptions.prefix(24)),                    is: nil),
        Row("another version",         plain.with(0x65, at: 0),                          is: .unsupportedVersion(6)),
        Row("length under the header", plain.with(word: 19, at: 2),                      is: .invalidField(.totalLength)),
    ]

    @Test(arguments: Self.quoted)
    func whenQuotedMayLackPayloadButNotHeader(_ row: Row<[UInt8], DecodeError?>) {
        #expect(Self.refusal(ofQuoted: row.input) == row.output)
    }

    @Test func whenQuotedDeclaresMoreThanItHolds() throws {
        let cut = Self.plain.with(word: 1500, at: 2)
        let packet = try IPv4Packet(quoted: cut.span.bytes)

        #expect(packet.totalLength == 1500)
        #expect(packet.payload.octets == octets("0001020304050607"))
    }

    // swift-format-ignore
    static let fragments: [Row<UInt16, (fragment: Bool, dontFragment: Bool)>] = [
        Row("whole",              0x0000, is: (false, false)),
        Row("don't fragment",     0x4000, is: (false, true)),
        Row("reserved flag",      0x8000, is: (false, false)),
        Row("more fragments",     0x2000, is: (true, false)),
        Row("smallest offset",    0x0001, is: (true, false)),
        Row("largest offset",     0x1fff, is: (true, false)),
        Row("DF and an offset",   0x4001, is: (true, true)),
    ]

    @Test(arguments: Self.fragments)
    func knowsAFragment(_ row: Row<UInt16, (fragment: Bool, dontFragment: Bool)>) throws {
        let octets = Self.plain.with(word: row.input, at: 6)
        let packet = try IPv4Packet(octets.span.bytes)

        #expect(packet.isFragment == row.output.fragment)
        #expect(packet.dontFragment == row.output.dontFragment)
    }

    @Test(arguments: [20, 24])
    func verifiesItsHeaderChecksumOptionsIncluded(_ headerLength: Int) throws {
        let blank = headerLength == 20 ? Self.plain : Self.withOptions
        let right = blank.with(word: referenceChecksum(Array(blank.prefix(headerLength))), at: 10)

        for index in 0..<right.count where index != 0 && index != 2 && index != 3 {
            let octets = right.with(right[index] ^ 0x10, at: index)
            let isValid = try IPv4Packet(octets.span.bytes).hasValidChecksum
            #expect(isValid == (index >= headerLength), "octet \(index)")
        }
        let isValid = try IPv4Packet(right.span.bytes).hasValidChecksum
        #expect(isValid)
    }

    @Test func isWrittenAsItReads() throws {
        var generator = SeededGenerator(seed: 791)
        for round in 0..<500 {
            let header = Self.randomHeader(using: &generator)

            let octets = written(20) { header.encode(into: &$0, at: 0) }
            let packet = try IPv4Packet(quoted: octets.span.bytes)
            let read = IPv4Header(
                trafficClass: packet.trafficClass,
                totalLength: UInt16(packet.totalLength),
                fragmentation: packet.dontFragment
                    ? .forbidden : .allowed(identification: packet.identification),
                timeToLive: packet.timeToLive,
                protocolNumber: packet.protocolNumber,
                source: packet.source,
                destination: packet.destination
            )

            #expect(read == header, "round \(round)")
            #expect(referenceChecksum(octets) == 0, "round \(round)")
        }
    }

    private static func randomHeader(using generator: inout SeededGenerator) -> IPv4Header {
        IPv4Header(
            trafficClass: UInt8(truncatingIfNeeded: generator.next()),
            totalLength: UInt16.random(in: 20 ... .max, using: &generator),
            fragmentation: Bool.random(using: &generator)
                ? .forbidden : .allowed(identification: UInt16(truncatingIfNeeded: generator.next())),
            timeToLive: UInt8(truncatingIfNeeded: generator.next()),
            protocolNumber: UInt8(truncatingIfNeeded: generator.next()),
            source: IPv4Address(UInt32(truncatingIfNeeded: generator.next())),
            destination: IPv4Address(UInt32(truncatingIfNeeded: generator.next()))
        )
    }

    // swift-format-ignore
    static let fragmentFields: [Row<IPv4Header.Fragmentation, String>] = [
        Row("whole, DF",        .forbidden,                                                     is: "0000 4000"),
        Row("whole",            .allowed(identification: 0x1234),                               is: "1234 0000"),
        Row("first fragment",   .fragment(identification: 0x1234, offset: 0, isLast: false),    is: "1234 2000"),
        Row("second fragment",  .fragment(identification: 0x1234, offset: 8, isLast: false),    is: "1234 2001"),
        Row("last fragment",    .fragment(identification: 0xffff, offset: 1480, isLast: true),  is: "ffff 00b9"),
        Row("largest offset",   .fragment(identification: 1, offset: 65528, isLast: true),      is: "0001 1fff"),
    ]

    @Test(arguments: Self.fragmentFields)
    func isWrittenWithItsFragmentation(_ row: Row<IPv4Header.Fragmentation, String>) {
        let header = IPv4Header(
            totalLength: 20,
            fragmentation: row.input,
            timeToLive: 64,
            protocolNumber: ProtocolNumber.ipv6,
            source: IPv4Address(192, 0, 2, 1),
            destination: IPv4Address(192, 0, 2, 2)
        )

        let octets = written(20) { header.encode(into: &$0, at: 0) }

        #expect(Array(octets[4..<8]) == TestSupport.octets(row.output))
        #expect(referenceChecksum(octets) == 0)
    }

    @Test func isWrittenAtItsOffsetOnly() {
        let header = IPv4Header(
            totalLength: 20,
            timeToLive: 64,
            protocolNumber: ProtocolNumber.ipv6,
            source: IPv4Address(192, 0, 2, 1),
            destination: IPv4Address(192, 0, 2, 2)
        )

        let octets = written(30) { header.encode(into: &$0, at: 7) }

        #expect(octets.prefix(7) == [UInt8](repeating: 0xee, count: 7)[...])
        #expect(octets.suffix(3) == [0xee, 0xee, 0xee])
        #expect(
            Array(octets[7..<27]) == TestSupport.octets("4500 0014 0000 4000 4029 b6bd c0000201 c0000202")
        )
    }
}
