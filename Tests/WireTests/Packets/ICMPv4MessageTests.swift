import TestSupport
import Testing
import Wire

@Suite("An ICMPv4 message") struct ICMPv4MessageTests {
    static func message(type: UInt8, code: UInt8, rest: String = "0000 0578", body: String = "") -> [UInt8] {
        let octets = [type, code, 0, 0] + octets(rest) + octets(body)
        return octets.with(word: referenceChecksum(octets), at: 2)
    }

    // swift-format-ignore
    static let kinds: [Row<[UInt8], ICMPv4Message.Kind>] = [
        Row("echo reply",                   message(type: 0, code: 0),   is: .echoReply),
        Row("host unreachable",             message(type: 3, code: 1),   is: .otherError),
        Row("protocol unreachable",         message(type: 3, code: 2),   is: .otherError),
        Row("fragmentation needed, 1400",   message(type: 3, code: 4),   is: .fragmentationNeeded(mtu: 1400)),
        Row("fragmentation needed, no MTU", message(type: 3, code: 4, rest: "0000 0000"), is: .fragmentationNeeded(mtu: 0)),
        Row("fragmentation needed, largest MTU", message(type: 3, code: 4, rest: "ffff ffff"), is: .fragmentationNeeded(mtu: 65535)),
        Row("source route failed",          message(type: 3, code: 5),   is: .otherError),
        Row("source quench",                message(type: 4, code: 0),   is: .otherError),
        Row("redirect",                     message(type: 5, code: 1),   is: .other),
        Row("echo request",                 message(type: 8, code: 0),   is: .echoRequest),
        Row("time exceeded",                message(type: 11, code: 0),  is: .otherError),
        Row("reassembly time exceeded",     message(type: 11, code: 1),  is: .otherError),
        Row("parameter problem",            message(type: 12, code: 0),  is: .otherError),
        Row("timestamp",                    message(type: 13, code: 0),  is: .other),
        Row("last type",                    message(type: 255, code: 4), is: .other),
    ]

    @Test(arguments: Self.kinds)
    func isOfAKind(_ row: Row<[UInt8], ICMPv4Message.Kind>) throws {
        let kind = try ICMPv4Message(row.input.span.bytes).kind

        #expect(kind == row.output)
    }

    @Test func showsItsFields() throws {
        let octets = Self.message(type: 3, code: 2, body: "45 00 11")
        let message = try ICMPv4Message(octets.span.bytes)

        #expect(message.type == 3)
        #expect(message.code == 2)
        #expect(message.body.octets == [0x45, 0, 0x11])
    }

    @Test func refusesEveryTruncationOfItsHeader() {
        let octets = Self.message(type: 8, code: 0)
        expectTruncationsRefused(of: octets) { span throws(DecodeError) in _ = try ICMPv4Message(span) }
    }

    @Test func refusesAnyFlippedBit() {
        let octets = Self.message(type: 3, code: 4, body: "4500 1234 56")
        for index in octets.indices {
            for bit in 0..<8 {
                let flipped = octets.with(octets[index] ^ 1 << bit, at: index)
                let reason = refusal(of: flipped) { span throws(DecodeError) in _ = try ICMPv4Message(span) }
                #expect(reason == .wrongChecksum, "octet \(index), bit \(bit)")
            }
        }
    }

    @Test(arguments: [0, 1, 2, 28, 548])
    func isWrittenAsItReads(_ bodyLength: Int) throws {
        var generator = SeededGenerator(seed: 792)
        let body = generator.octets(bodyLength)

        let octets = written([UInt8](repeating: 0xee, count: 11) + body) { buffer in
            ICMPv4Message.encodeHeader(
                into: &buffer,
                at: 3,
                type: 3,
                code: 4,
                parameter: 1400,
                bodyLength: bodyLength
            )
        }
        let message = try ICMPv4Message(octets.span.bytes.extracting(droppingFirst: 3))

        #expect(octets.prefix(3) == [0xee, 0xee, 0xee])
        #expect(referenceChecksum(Array(octets.dropFirst(3))) == 0)
        #expect(message.kind == .fragmentationNeeded(mtu: 1400))
        #expect(message.body.octets == body)
    }

    struct ErrorVector: Decodable, Sendable, CustomTestStringConvertible {
        let label: String
        let packet: HexadecimalOctets

        var testDescription: String { self.label }
    }

    @Test(arguments: Vectors<ErrorVector>.load("icmpv4-errors"))
    func fromARouterNamesTheQuotedPacket(_ vector: ErrorVector) throws {
        let outer = try IPv4Packet(vector.packet.octets.span.bytes)
        let message = try ICMPv4Message(outer.payload)
        let quoted = try IPv4Packet(quoted: message.body)

        #expect(outer.hasValidChecksum == true)
        #expect(outer.protocolNumber == ProtocolNumber.icmpv4)
        #expect(message.kind == .fragmentationNeeded(mtu: 1400))
        #expect(quoted.hasValidChecksum == true)
        #expect(quoted.protocolNumber == ProtocolNumber.ipv6)
        #expect(quoted.source == outer.destination)
        #expect(quoted.destination == IPv4Address(192, 0, 2, 2))
        #expect(quoted.totalLength == 76)
    }
}
