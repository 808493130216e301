import TestSupport
import Testing
import Wire

@Suite("A UDP datagram") struct UDPDatagramTests {
    static let plain = octets("13d0 0e9c 000c 1234 61626364")
    static let source = IPv6Address(high: 0x2001_0db8 << 32, low: 1)
    static let destination = IPv6Address(high: 0x2001_0db8 << 32, low: 2)

    @Test func showsItsFields() throws {
        let datagram = try UDPDatagram(Self.plain.span.bytes)

        #expect(datagram.sourcePort == 5072)
        #expect(datagram.destinationPort == 3740)
        #expect(datagram.checksum == 0x1234)
        #expect(datagram.payload.octets == Array("abcd".utf8))
    }

    @Test func leavesPaddingOut() throws {
        let padded = Self.plain + [0xaa]
        let datagram = try UDPDatagram(padded.span.bytes)

        #expect(datagram.payload.octets == Array("abcd".utf8))
    }

    @Test func refusesEveryTruncation() {
        expectTruncationsRefused(of: Self.plain) { span throws(DecodeError) in _ = try UDPDatagram(span) }
    }

    // swift-format-ignore
    static let boundaries: [Row<[UInt8], DecodeError?>] = [
        Row("length 0",             plain.with(word: 0, at: 4),     is: .invalidField(.totalLength)),
        Row("length 7",             plain.with(word: 7, at: 4),     is: .invalidField(.totalLength)),
        Row("header only",          plain.with(word: 8, at: 4),     is: nil),
        Row("up to the last octet", plain.with(word: 12, at: 4),    is: nil),
        Row("one octet too long",   plain.with(word: 13, at: 4),    is: .truncated(needed: 13, available: 12)),
        Row("longest",              plain.with(word: 65535, at: 4), is: .truncated(needed: 65535, available: 12)),
    ]

    @Test(arguments: Self.boundaries)
    func isRefusedFor(_ row: Row<[UInt8], DecodeError?>) {
        #expect(
            refusal(of: row.input) { span throws(DecodeError) in _ = try UDPDatagram(span) } == row.output
        )
    }

    @Test func showsPortsOfAQuotedBeginning() {
        for count in 0...3 {
            #expect(UDPDatagram.quotedPorts(Array(Self.plain.prefix(count)).span.bytes) == nil)
        }
        for count in 4...8 {
            let ports = UDPDatagram.quotedPorts(Array(Self.plain.prefix(count)).span.bytes)
            #expect(ports?.source == 5072)
            #expect(ports?.destination == 3740)
        }
    }

    private static func written(_ payload: [UInt8], ports: (UInt16, UInt16) = (5072, 3740)) -> [UInt8] {
        WireTests.written([UInt8](repeating: 0xee, count: 8) + payload) { buffer in
            UDPHeader.encode(
                into: &buffer,
                at: 0,
                payloadLength: payload.count,
                ports: ports,
                addresses: (Self.source, Self.destination)
            )
        }
    }

    private static func isValid(_ octets: [UInt8], from source: IPv6Address = Self.source) throws -> Bool {
        try UDPDatagram(octets.span.bytes).hasValidChecksum(source: source, destination: Self.destination)
    }

    @Test func isWrittenWithTheChecksumThatIPv6Wants() throws {
        var generator = SeededGenerator(seed: 768)
        for count in Array(0...40) + [1400, 1401] {
            let payload = generator.octets(count)

            let octets = Self.written(payload)
            let datagram = try UDPDatagram(octets.span.bytes)

            let header = pseudoHeader(Self.source, Self.destination, length: octets.count, nextHeader: 17)
            #expect(referenceChecksum(header + octets) == 0, "\(count) octets")
            #expect(datagram.payload.octets == payload, "\(count) octets")
            #expect(try Self.isValid(octets), "\(count) octets")
        }
    }

    @Test func hasAChecksumThatDependsOnEveryOctetAndAddress() throws {
        let octets = Self.written(Array("payload".utf8))

        for index in octets.indices where index != 4 && index != 5 {
            #expect(try !Self.isValid(octets.with(octets[index] ^ 1, at: index)), "octet \(index)")
        }
        #expect(try !Self.isValid(octets, from: Self.destination))
    }

    @Test func neverCarriesAChecksumOfZero() throws {
        // The two octets are chosen so that the sum comes to zero.
        let blank = Self.written([0, 0])
        let filler = UInt16(blank[6]) << 8 | UInt16(blank[7])

        let octets = Self.written([UInt8(filler >> 8), UInt8(filler & 0xff)])

        #expect(octets[6...7] == [0xff, 0xff])
        #expect(try Self.isValid(octets))
        #expect(try !Self.isValid(octets.with(word: 0, at: 6)))
    }
}
