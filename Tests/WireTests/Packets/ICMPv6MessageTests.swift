import TestSupport
import Testing
import Wire

@Suite("An ICMPv6 message") struct ICMPv6MessageTests {
    typealias MessageType = ICMPv6Message.MessageType

    static let source = IPv6Address(high: 0x2001_0db8 << 32, low: 1)
    static let destination = IPv6Address(high: 0x2001_0db8 << 32, low: 2)

    private static func written(
        type: UInt8,
        code: UInt8 = 0,
        parameter: UInt32 = 0,
        body: [UInt8] = []
    ) -> [UInt8] {
        WireTests.written([UInt8](repeating: 0xee, count: 8) + body) { buffer in
            ICMPv6Message.encodeHeader(
                into: &buffer,
                at: 0,
                type: type,
                code: code,
                parameter: parameter,
                bodyLength: body.count,
                addresses: (Self.source, Self.destination)
            )
        }
    }

    private static func decode(_ span: RawSpan) throws(DecodeError) {
        _ = try ICMPv6Message(span, source: Self.source, destination: Self.destination)
    }

    @Test func isWrittenAsItReads() throws {
        var generator = SeededGenerator(seed: 4443)
        for count in Array(0...24) + [1232, 1233] {
            let body = generator.octets(count)
            let parameter = UInt32(truncatingIfNeeded: generator.next())

            let octets = Self.written(type: 4, code: 1, parameter: parameter, body: body)
            let message = try ICMPv6Message(
                octets.span.bytes,
                source: Self.source,
                destination: Self.destination
            )

            let header = pseudoHeader(Self.source, Self.destination, length: octets.count, nextHeader: 58)
            #expect(referenceChecksum(header + octets) == 0, "\(count) octets")
            #expect(message.type == 4)
            #expect(message.code == 1)
            #expect(message.parameter == parameter)
            #expect(message.body.octets == body)
        }
    }

    @Test func refusesEveryTruncationOfItsHeader() {
        expectTruncationsRefused(of: Self.written(type: 128), by: Self.decode)
    }

    @Test func refusesAnyFlippedBit() {
        let octets = Self.written(type: 128, parameter: 0x1234_0001, body: Array("payload".utf8))
        for index in octets.indices {
            let flipped = octets.with(octets[index] ^ 0x80, at: index)
            #expect(refusal(of: flipped, by: Self.decode) == .wrongChecksum, "octet \(index)")
        }
    }

    @Test func refusesAMessageBetweenOtherAddresses() {
        let octets = Self.written(type: 128)
        let reason = refusal(of: octets) { span throws(DecodeError) in
            _ = try ICMPv6Message(span, source: Self.source, destination: Self.source)
        }

        #expect(reason == .wrongChecksum)
    }

    // swift-format-ignore
    static let types: [Row<UInt8, Bool>] = [
        Row("reserved",                0,                                  is: true),
        Row("destination unreachable", MessageType.destinationUnreachable, is: true),
        Row("packet too big",          MessageType.packetTooBig,           is: true),
        Row("time exceeded",           MessageType.timeExceeded,           is: true),
        Row("parameter problem",       MessageType.parameterProblem,       is: true),
        Row("last error",              127,                                is: true),
        Row("echo request",            MessageType.echoRequest,            is: false),
        Row("echo reply",              MessageType.echoReply,              is: false),
        Row("neighbour solicitation",  MessageType.neighbourSolicitation,  is: false),
        Row("neighbour advertisement", MessageType.neighbourAdvertisement, is: false),
        Row("redirect",                MessageType.redirect,               is: false),
        Row("last type",               255,                                is: false),
    ]

    @Test(arguments: Self.types)
    func isAnErrorByItsType(_ row: Row<UInt8, Bool>) throws {
        let octets = Self.written(type: row.input)
        let message = try ICMPv6Message(octets.span.bytes, source: Self.source, destination: Self.destination)
        let isError = message.isError

        #expect(isError == row.output)
    }

    private static let target = "20010db802ff00010000000000000001"

    // swift-format-ignore
    static let solicitations: [Row<String, String?>] = [
        Row("no body",                     "",                                              is: nil),
        Row("one octet short",             String(target.dropLast(2)),                      is: nil),
        Row("target only",                 target,                                          is: "2001:db8:2ff:1::1"),
        Row("link-layer address",          target + "0101 020304050607",                    is: "2001:db8:2ff:1::1"),
        Row("two options",                 target + "0101 020304050607 0e01 000000000000",  is: "2001:db8:2ff:1::1"),
        Row("option of two units",         target + "0102 0203040506070809 0a0b0c0d0e0f",   is: "2001:db8:2ff:1::1"),
        Row("option of length 0",          target + "0100 020304050607",                    is: nil),
        Row("second option of length 0",   target + "0101 020304050607 0e00 000000000000",  is: nil),
        Row("option one octet short",      target + "0101 0203040506",                      is: nil),
        Row("option one unit short",       target + "0102 020304050607",                    is: nil),
        Row("option without its length",   target + "01",                                   is: nil),
    ]

    @Test(arguments: Self.solicitations)
    func namesASolicitedTargetWhenItsOptionsAreWhole(_ row: Row<String, String?>) throws {
        let octets = Self.written(type: MessageType.neighbourSolicitation, body: octets(row.input))
        let message = try ICMPv6Message(octets.span.bytes, source: Self.source, destination: Self.destination)

        #expect(message.solicitedTarget?.description == row.output)
    }

    struct ErrorVector: Decodable, Sendable, CustomTestStringConvertible {
        let label: String
        let source: String
        let destination: String
        let cause: HexadecimalOctets
        let packet: HexadecimalOctets

        var testDescription: String { self.label }
    }

    @Test(arguments: Vectors<ErrorVector>.load("icmpv6-errors"))
    func isDecodedAndWrittenAgainAsTheVectorsSay(_ vector: ErrorVector) throws {
        let packet = try IPv6Packet(vector.packet.octets.span.bytes)
        let message = try ICMPv6Message(
            packet.payload,
            source: packet.source,
            destination: packet.destination
        )

        let quoted = message.body.octets
        let again = Self.errorPacket(
            from: packet.source,
            to: packet.destination,
            (message.type, message.code, message.parameter),
            about: quoted
        )

        #expect(packet.source.description == vector.source)
        #expect(packet.destination.description == vector.destination)
        #expect(packet.totalLength <= IPv6Packet.minimumMTU)
        #expect(packet.mayBeICMPv6ErrorOrRedirect == true)
        #expect(message.isError == true)
        #expect(quoted == Array(vector.cause.octets.prefix(IPv6Packet.minimumMTU - 48)))
        #expect(again == vector.packet.octets)
    }

    private static func errorPacket(
        from source: IPv6Address,
        to destination: IPv6Address,
        _ fields: (type: UInt8, code: UInt8, parameter: UInt32),
        about cause: [UInt8]
    ) -> [UInt8] {
        WireTests.written([UInt8](repeating: 0xee, count: 48) + cause) { buffer in
            let header = IPv6Header(
                payloadLength: UInt16(ICMPv6Message.headerLength + cause.count),
                nextHeader: ProtocolNumber.icmpv6,
                hopLimit: 64,
                source: source,
                destination: destination
            )
            header.encode(into: &buffer, at: 0)
            ICMPv6Message.encodeHeader(
                into: &buffer,
                at: IPv6Packet.headerLength,
                type: fields.type,
                code: fields.code,
                parameter: fields.parameter,
                bodyLength: cause.count,
                addresses: (source, destination)
            )
        }
    }
}
