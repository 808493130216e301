import TestSupport
import Testing
import Wire

@Suite("A GRE packet") struct GREPacketTests {
    static let plain = octets("0000 86dd 600102")
    static let withKey = octets("2000 86dd 01020304 600102")
    static let withSequence = octets("1000 86dd 00000007 600102")
    static let withKeyAndSequence = octets("3000 86dd 01020304 00000007 600102")
    static let withChecksum = checksummed(octets("8000 86dd 0000 0000 600102"))
    static let withEverything = checksummed(octets("b000 86dd 0000 0000 01020304 00000007 600102"))

    private static func checksummed(_ octets: [UInt8]) -> [UInt8] {
        octets.with(word: referenceChecksum(octets), at: 4)
    }

    private static func refusal(of octets: [UInt8]) -> DecodeError? {
        WireTests.refusal(of: octets) { span throws(DecodeError) in _ = try GREPacket(span) }
    }

    // swift-format-ignore
    static let good: [Row<[UInt8], Int>] = [
        Row("no options",        plain,              is: 4),
        Row("key",               withKey,            is: 8),
        Row("sequence number",   withSequence,       is: 8),
        Row("key and sequence",  withKeyAndSequence, is: 12),
        Row("checksum",          withChecksum,       is: 8),
        Row("all three",         withEverything,     is: 16),
        Row("bits 6 to 12 set, which a receiver ignores", plain.with(word: 0x03f8, at: 0), is: 4),
    ]

    @Test(arguments: Self.good)
    func hasItsPayloadBehindItsOptions(_ row: Row<[UInt8], Int>) throws {
        let packet = try GREPacket(row.input.span.bytes)

        #expect(packet.headerLength == row.output)
        #expect(packet.payload.octets == octets("600102"))
    }

    // swift-format-ignore
    static let headerless: [Row<[UInt8], Int>] = [
        Row("no options",       octets("0000 86dd"),                            is: 4),
        Row("key",              octets("2000 86dd 01020304"),                   is: 8),
        Row("key and sequence", octets("3000 86dd 01020304 00000007"),          is: 12),
        Row("all three",        checksummed(octets("b000 86dd 0000 0000 01020304 00000007")), is: 16),
    ]

    @Test(arguments: Self.headerless)
    func mayBeEmptyButNotTruncated(_ row: Row<[UInt8], Int>) throws {
        expectTruncationsRefused(of: row.input) { span throws(DecodeError) in _ = try GREPacket(span) }
        let packet = try GREPacket(row.input.span.bytes)

        #expect(packet.headerLength == row.output)
        #expect(packet.payload.byteCount == 0)
    }

    // swift-format-ignore
    static let bad: [Row<[UInt8], DecodeError?>] = [
        Row("version 1",            plain.with(word: 0x0001, at: 0), is: .unsupportedVersion(1)),
        Row("version 7",            plain.with(word: 0x0007, at: 0), is: .unsupportedVersion(7)),
        Row("PPTP",                 octets("3081 880b 0000 0000"),   is: .unsupportedVersion(1)),
        Row("bit 1, routing",       plain.with(word: 0x4000, at: 0), is: .invalidField(.reservedFlags)),
        Row("bit 4, source route",  plain.with(word: 0x0800, at: 0), is: .invalidField(.reservedFlags)),
        Row("bit 5, recursion",     plain.with(word: 0x0400, at: 0), is: .invalidField(.reservedFlags)),
        Row("bit 6",                plain.with(word: 0x0200, at: 0), is: nil),
        Row("IPv4 inside",          plain.with(word: 0x0800, at: 2), is: .invalidField(.protocolType)),
        Row("bridged Ethernet",     plain.with(word: 0x6558, at: 2), is: .invalidField(.protocolType)),
        Row("wrong checksum",       withChecksum.with(0x61, at: 8),  is: .wrongChecksum),
        Row("checksum of zero",     withChecksum.with(word: 0, at: 4), is: .wrongChecksum),
        Row("payload after sum",    withChecksum + [1],              is: .wrongChecksum),
        Row("wrong key under sum",  withEverything.with(9, at: 8),   is: .wrongChecksum),
    ]

    @Test(arguments: Self.bad)
    func isRefusedFor(_ row: Row<[UInt8], DecodeError?>) {
        #expect(Self.refusal(of: row.input) == row.output)
    }

    @Test func isWrittenAsItReads() throws {
        let octets = written([9, 9, 9, 9, 9, 9, 0x60, 1]) { GREPacket.encodeHeader(into: &$0, at: 2) }
        let packet = try GREPacket(octets.span.bytes.extracting(droppingFirst: 2))

        #expect(octets == [9, 9, 0, 0, 0x86, 0xdd, 0x60, 1])
        #expect(packet.payload.octets == [0x60, 1])
    }
}
