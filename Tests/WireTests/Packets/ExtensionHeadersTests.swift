import TestSupport
import Testing
import Wire

@Suite("A walk along an IPv6 header chain") struct ExtensionHeadersTests {
    /// A packet whose first next header is given, with what follows the fixed header in hexadecimal.
    static func packet(_ nextHeader: UInt8, _ payload: String) -> [UInt8] {
        let payload = octets(payload)
        let header = IPv6Header(
            payloadLength: UInt16(payload.count),
            nextHeader: nextHeader,
            hopLimit: 64,
            source: IPv6Address(high: 0x2001_0db8 << 32, low: 1),
            destination: IPv6Address(high: 0x2001_0db8 << 32, low: 2)
        )
        return written([UInt8](repeating: 0, count: 40) + payload) { header.encode(into: &$0, at: 0) }
    }

    // swift-format-ignore
    static let chains: [Row<[UInt8], HeaderChain>] = [
        Row("UDP at once",              packet(17, "0001000200080000"),                            is: .upperLayer(nextHeader: 17, offset: 40)),
        Row("nothing at all",           packet(59, ""),                                            is: .upperLayer(nextHeader: 59, offset: 40)),
        Row("TCP that is missing",      packet(6, ""),                                             is: .upperLayer(nextHeader: 6, offset: 40)),
        Row("ESP ends the chain",       packet(50, "0000000000000000"),                            is: .upperLayer(nextHeader: 50, offset: 40)),
        Row("unknown ends the chain",   packet(253, "0000000000000000"),                           is: .upperLayer(nextHeader: 253, offset: 40)),
        Row("hop-by-hop",               packet(0, "3a00010400000000 80"),                          is: .upperLayer(nextHeader: 58, offset: 48)),
        Row("destination options",      packet(60, "1100010400000000"),                            is: .upperLayer(nextHeader: 17, offset: 48)),
        Row("options of 16 octets",     packet(60, "1101010c000000000000000000000000"),            is: .upperLayer(nextHeader: 17, offset: 56)),
        Row("routing, none left",       packet(43, "1100000000000000"),                            is: .upperLayer(nextHeader: 17, offset: 48)),
        Row("routing, one left",        packet(43, "1100000100000000"),                            is: .routing(typeOffset: 42)),
        Row("routing type 4, all left", packet(43, "110004ff00000000"),                            is: .routing(typeOffset: 42)),
        Row("routing after hop-by-hop", packet(0, "2b00010400000000 1102000100000000 0000000000000000 0000000000000000"), is: .routing(typeOffset: 50)),
        Row("authentication, 4 words",  packet(51, "1102000000000001 0000000100000000"),           is: .upperLayer(nextHeader: 17, offset: 56)),
        Row("authentication, 6 words",  packet(51, "1104000000000001 0000000100000000 0000000000000000"), is: .upperLayer(nextHeader: 17, offset: 64)),
        Row("authentication, 2 words",  packet(51, "1100000000000001"),                            is: .upperLayer(nextHeader: 17, offset: 48)),
        Row("first fragment",           packet(44, "1100000100000001"),                            is: .fragment(nextHeader: 17, isFirst: true, offset: 48)),
        Row("middle fragment",          packet(44, "1100000900000001"),                            is: .fragment(nextHeader: 17, isFirst: false, offset: 48)),
        Row("last fragment",            packet(44, "1100fff800000001"),                            is: .fragment(nextHeader: 17, isFirst: false, offset: 48)),
        Row("atomic fragment",          packet(44, "1100000000000001"),                            is: .upperLayer(nextHeader: 17, offset: 48)),
        Row("reserved bits only",       packet(44, "1100000600000001"),                            is: .upperLayer(nextHeader: 17, offset: 48)),
        Row("reserved octet is no length", packet(44, "11ff000000000001"),                         is: .upperLayer(nextHeader: 17, offset: 48)),
        Row("all kinds in a row",
            packet(0, "3c00010400000000 2b00010400000000 2c00000000000000 3300000000000001 3b02000000000001 0000000100000000"),
            is: .upperLayer(nextHeader: 59, offset: 88)),
        Row("length one unit too long", packet(60, "1101010400000000"),                            is: .beyondPacket(fieldOffset: 41)),
        Row("longest length",           packet(60, "11ff010400000000"),                            is: .beyondPacket(fieldOffset: 41)),
        Row("longest authentication",   packet(51, "11ff010400000000"),                            is: .beyondPacket(fieldOffset: 41)),
        Row("header named but missing", packet(0, ""),                                             is: .beyondPacket(fieldOffset: 6)),
        Row("header of seven octets",   packet(0, "11000104000000"),                               is: .beyondPacket(fieldOffset: 6)),
        Row("second header missing",    packet(0, "3c00010400000000"),                             is: .beyondPacket(fieldOffset: 40)),
        Row("second header too long",   packet(0, "3c00010400000000 1101010400000000"),            is: .beyondPacket(fieldOffset: 49)),
        Row("fragment header missing",  packet(0, "2c00010400000000 11"),                          is: .beyondPacket(fieldOffset: 40)),
    ]

    @Test(arguments: Self.chains)
    func ends(_ row: Row<[UInt8], HeaderChain>) throws {
        let chain = try IPv6Packet(row.input.span.bytes).headerChain

        #expect(chain == row.output)
    }

    @Test func endsOnTheLongestChainThatAPacketHolds() throws {
        let options = [UInt8](octets("3c00010400000000"))
        let payload = Array(repeatElement(options, count: 8191).joined())
        let octets = Self.packet(60, "").with(word: UInt16(payload.count), at: 4) + payload

        let chain = try IPv6Packet(octets.span.bytes).headerChain

        #expect(chain == .beyondPacket(fieldOffset: 40 + 8190 * 8))
    }

    // swift-format-ignore
    static let options: [Row<String, HeaderChain>] = [
        Row("six Pad1",                     "1100 000000000000",                  is: .upperLayer(nextHeader: 17, offset: 48)),
        Row("PadN of nothing",              "1100 0100 0100 0100",                is: .upperLayer(nextHeader: 17, offset: 48)),
        Row("unknown, to be skipped",       "1100 3e04 00000000",                 is: .upperLayer(nextHeader: 17, offset: 48)),
        Row("unknown, to be dropped",       "1100 7e04 00000000",                 is: .unrecognizedOption(offset: 42, isAnswered: false)),
        Row("unknown, to be answered",      "1100 be04 00000000",                 is: .unrecognizedOption(offset: 42, isAnswered: true)),
        Row("unknown, answered if unicast", "1100 fe04 00000000",                 is: .unrecognizedOption(offset: 42, isAnswered: true)),
        Row("behind padding",               "1100 00 0101ff be00",                is: .unrecognizedOption(offset: 46, isAnswered: true)),
        Row("behind one that is skipped",   "1101 3e03 000000 be 07 00000000000000", is: .unrecognizedOption(offset: 47, isAnswered: true)),
        Row("one octet too long",           "1100 3e05 00000000",                 is: .beyondPacket(fieldOffset: 43)),
        Row("longest length",               "1100 01ff 00000000",                 is: .beyondPacket(fieldOffset: 43)),
        Row("without its length",           "1100 0103 000000 3e",                is: .beyondPacket(fieldOffset: 47)),
    ]

    @Test(arguments: Self.options, [ProtocolNumber.hopByHopOptions, ProtocolNumber.destinationOptions])
    func heedsOptions(_ row: Row<String, HeaderChain>, in nextHeader: UInt8) throws {
        let octets = Self.packet(nextHeader, row.input)
        let chain = try IPv6Packet(octets.span.bytes).headerChain

        #expect(chain == row.output)
    }

    @Test func keepsQuietAboutAnOptionInAMulticastPacket() throws {
        let answered = Self.packet(60, "1100 be04 00000000").with(0xff, at: 24)
        let quiet = Self.packet(60, "1100 fe04 00000000").with(0xff, at: 24)

        let chains = [
            try IPv6Packet(answered.span.bytes).headerChain, try IPv6Packet(quiet.span.bytes).headerChain,
        ]

        #expect(chains[0] == .unrecognizedOption(offset: 42, isAnswered: true))
        #expect(chains[1] == .unrecognizedOption(offset: 42, isAnswered: false))
    }

    @Test func looksPastOptionsForAnError() throws {
        let octets = Self.packet(60, "3a00 fe04 00000000 0100000000000000")
        let isSilent = try IPv6Packet(octets.span.bytes).mayBeICMPv6ErrorOrRedirect

        #expect(isSilent == true)
    }

    // swift-format-ignore
    static let fragments: [Row<(position: Int, isLast: Bool), HeaderChain>] = [
        Row("first",          (0, false),    is: .fragment(nextHeader: 58, isFirst: true, offset: 48)),
        Row("middle",         (1232, false), is: .fragment(nextHeader: 58, isFirst: false, offset: 48)),
        Row("last",           (1232, true),  is: .fragment(nextHeader: 58, isFirst: false, offset: 48)),
        Row("largest offset", (65528, true), is: .fragment(nextHeader: 58, isFirst: false, offset: 48)),
        Row("atomic",         (0, true),     is: .upperLayer(nextHeader: 58, offset: 48)),
    ]

    @Test(arguments: Self.fragments)
    func findsAFragmentAsItWasWritten(_ row: Row<(position: Int, isLast: Bool), HeaderChain>) throws {
        let octets = written(Self.packet(44, "eeeeeeeeeeeeeeee ee")) { buffer in
            FragmentHeader.encode(
                into: &buffer,
                at: IPv6Packet.headerLength,
                nextHeader: 58,
                position: row.input.position,
                isLast: row.input.isLast,
                identification: 0x0102_0304
            )
        }
        let chain = try IPv6Packet(octets.span.bytes).headerChain

        #expect(chain == row.output)
        #expect(octets.word(at: 42) == row.input.position | (row.input.isLast ? 0 : 1))
        #expect(Array(octets[44...]) == [1, 2, 3, 4, 0xee])
        #expect(octets[41] == 0)
    }

    // swift-format-ignore
    static let silent: [Row<[UInt8], Bool>] = [
        Row("unreachable",                     packet(58, "0100 0000 00000000"),                       is: true),
        Row("last error type",                 packet(58, "7f00 0000 00000000"),                       is: true),
        Row("echo request",                    packet(58, "8000 0000 00000000"),                       is: false),
        Row("echo reply",                      packet(58, "8100 0000 00000000"),                       is: false),
        Row("neighbour advertisement",         packet(58, "8800 0000 00000000"),                       is: false),
        Row("redirect",                        packet(58, "8900 0000 00000000"),                       is: true),
        Row("after redirect",                  packet(58, "8a00 0000 00000000"),                       is: false),
        Row("ICMPv6 without its type",         packet(58, ""),                                         is: true),
        Row("UDP",                             packet(17, "0100 0000 00000000"),                       is: false),
        Row("error behind options",            packet(60, "3a00010400000000 0300000000000000"),        is: true),
        Row("error in a first fragment",       packet(44, "3a00000100000001 0300000000000000"),        is: true),
        Row("echo in a first fragment",        packet(44, "3a00000100000001 8000000000000000"),        is: false),
        Row("later fragment of ICMPv6",        packet(44, "3a00000800000001 8000000000000000"),        is: true),
        Row("later fragment of UDP",           packet(44, "1100000800000001 0000000000000000"),        is: false),
        Row("error behind a routing header with segments left",
            packet(43, "3a00000100000000 0100000000000000"),                                           is: true),
        Row("echo behind a routing header with segments left",
            packet(43, "3a00000100000000 8000000000000000"),                                           is: false),
        Row("error behind options in a first fragment",
            packet(44, "3c00000100000001 3a00010400000000 0100000000000000"),                          is: true),
        Row("UDP behind options in a first fragment",
            packet(44, "3c00000100000001 1100010400000000 0001000200080000"),                          is: false),
        Row("later fragment that begins with options",
            packet(44, "3c00000800000001 0000000000000000"),                                           is: true),
        Row("chain beyond the packet",         packet(60, "3aff010400000000"),                         is: false),
    ]

    @Test(arguments: Self.silent)
    func tellsWhatNoErrorMayBeSentAbout(_ row: Row<[UInt8], Bool>) throws {
        let isSilent = try IPv6Packet(row.input.span.bytes).mayBeICMPv6ErrorOrRedirect

        #expect(isSilent == row.output)
    }
}
