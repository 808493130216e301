import TestSupport
import Testing
import Wire

@Suite("An AYIYA datagram") struct AYIYAPacketTests {
    static let identity = IPv6Address(high: 0x2001_0db8_02ff_0001, low: 2)
    static let secret = AYIYASecret(password: "f3d47c2de40fb698e1ab15d757a09bfc")
    static let plain = datagram(
        AYIYAHeader(opcode: .forward, nextHeader: 41, epochTime: 7, identity: identity),
        [1, 2]
    )

    static func datagram(
        _ header: AYIYAHeader,
        _ payload: [UInt8],
        signedWith secret: AYIYASecret = Self.secret
    ) -> [UInt8] {
        written([UInt8](repeating: 0xee, count: AYIYAPacket.headerLength) + payload) { buffer in
            header.encode(into: &buffer, at: 0, payloadLength: payload.count, signedWith: secret)
        }
    }

    private static func refusal(of octets: [UInt8]) -> DecodeError? {
        WireTests.refusal(of: octets) { span throws(DecodeError) in _ = try AYIYAPacket(span) }
    }

    struct GoodVector: Decodable, Sendable, CustomTestStringConvertible {
        let label: String
        let identity: String
        let password: String
        let epoch: UInt32
        let opcode: UInt8
        let nextHeader: UInt8
        let payload: HexadecimalOctets
        let datagram: HexadecimalOctets

        var testDescription: String { self.label }
    }

    @Test(arguments: Vectors<GoodVector>.load("ayiya"))
    func isReadAsTheVectorsSay(_ vector: GoodVector) throws {
        let packet = try AYIYAPacket(vector.datagram.octets.span.bytes)

        #expect(packet.identity.description == vector.identity)
        #expect(packet.epochTime == vector.epoch)
        #expect(packet.opcode.rawValue == vector.opcode)
        #expect(packet.nextHeader == vector.nextHeader)
        #expect(packet.payload.octets == vector.payload.octets)
        #expect(packet.hasSignature(by: AYIYASecret(password: vector.password)) == true)
        #expect(packet.hasSignature(by: AYIYASecret(password: vector.password + "x")) == false)
    }

    @Test(arguments: Vectors<GoodVector>.load("ayiya"))
    func isWrittenAsTheVectorsSay(_ vector: GoodVector) throws {
        let header = AYIYAHeader(
            opcode: try #require(AYIYAOpcode(rawValue: vector.opcode)),
            nextHeader: vector.nextHeader,
            epochTime: vector.epoch,
            identity: try IPv6Address(parsing: vector.identity)
        )

        let octets = Self.datagram(
            header,
            vector.payload.octets,
            signedWith: AYIYASecret(password: Array(vector.password.utf8))
        )

        #expect(octets == vector.datagram.octets)
    }

    struct BadVector: Decodable, Sendable, CustomTestStringConvertible {
        let label: String
        let password: String
        let datagram: HexadecimalOctets

        var testDescription: String { self.label }
    }

    /// What is wrong with each of the bad vectors: the format, the signature, or only what is inside.
    enum Fault: Hashable, Sendable {
        case format(DecodeError)
        case signature
        case payload
    }

    // swift-format-ignore
    static let faults: [String: Fault] = [
        "identity length 3":                                     .format(.invalidField(.identityLength)),
        "identity type string":                                  .format(.invalidField(.identityType)),
        "signature length 4":                                    .format(.invalidField(.signatureLength)),
        "hash MD5":                                              .format(.invalidField(.hashMethod)),
        "authentication none":                                   .format(.invalidField(.authenticationMethod)),
        "opcode 5":                                              .format(.invalidField(.opcode)),
        "opcode 15":                                             .format(.invalidField(.opcode)),
        "next header TCP":                                       .format(.invalidField(.nextHeader)),
        "hash bit flipped":                                      .signature,
        "payload bit flipped":                                   .signature,
        "epoch flipped":                                         .signature,
        "cut to 0 bytes":                                        .format(.truncated(needed: 44, available: 0)),
        "cut to 1 bytes":                                        .format(.truncated(needed: 44, available: 1)),
        "cut to 3 bytes":                                        .format(.truncated(needed: 44, available: 3)),
        "cut to 4 bytes":                                        .format(.truncated(needed: 44, available: 4)),
        "cut to 8 bytes":                                        .format(.truncated(needed: 44, available: 8)),
        "cut to 23 bytes":                                       .format(.truncated(needed: 44, available: 23)),
        "cut to 24 bytes":                                       .format(.truncated(needed: 44, available: 24)),
        "cut to 43 bytes":                                       .format(.truncated(needed: 44, available: 43)),
        "payload says IPv6, is IPv4 (hash right)":               .payload,
        "payload says IPv4, is IPv6 (hash right)":               .payload,
        "forward with no next header (hash right)":              .payload,
        "forward IPv6 with 39 bytes (hash right)":               .payload,
        "forward IPv6 with 0 bytes (hash right)":                .payload,
        "inner payload length beyond the datagram (hash right)": .payload,
    ]

    @Test(arguments: Vectors<BadVector>.load("ayiya-bad"))
    func isRefusedAsTheVectorsSay(_ vector: BadVector) throws {
        let fault = try #require(Self.faults[vector.label])

        #expect(Self.fault(of: vector) == fault)
    }

    private static func fault(of vector: BadVector) -> Fault? {
        do throws(DecodeError) {
            let packet = try AYIYAPacket(vector.datagram.octets.span.bytes)
            guard packet.hasSignature(by: AYIYASecret(password: vector.password)) else { return .signature }
            return Self.holdsWhatItSays(packet) ? nil : .payload
        } catch {
            return .format(error)
        }
    }

    /// Whether the payload is a packet of the version that the next header names.
    private static func holdsWhatItSays(_ packet: borrowing AYIYAPacket) -> Bool {
        let payload = packet.payload.octets
        return switch packet.nextHeader {
        case ProtocolNumber.ipv6:
            WireTests.refusal(of: payload) { span throws(DecodeError) in _ = try IPv6Packet(span) } == nil
        case ProtocolNumber.ipv4:
            WireTests.refusal(of: payload) { span throws(DecodeError) in _ = try IPv4Packet(span) } == nil
        default: packet.opcode != .forward
        }
    }

    @Test func refusesEveryTruncationOfItsHeader() {
        let beat = AYIYAHeader(opcode: .noOperation, nextHeader: 59, epochTime: 0, identity: Self.identity)
        expectTruncationsRefused(of: Self.datagram(beat, [])) { span throws(DecodeError) in
            _ = try AYIYAPacket(span)
        }
    }

    // swift-format-ignore
    static let fields: [Row<[UInt8], DecodeError?>] = [
        Row("identity length 2^5",     plain.with(0x51, at: 0), is: .invalidField(.identityLength)),
        Row("identity type 0",         plain.with(0x40, at: 0), is: .invalidField(.identityType)),
        Row("signature length 6",      plain.with(0x62, at: 1), is: .invalidField(.signatureLength)),
        Row("hash method 3",           plain.with(0x53, at: 1), is: .invalidField(.hashMethod)),
        Row("authentication method 2", plain.with(0x21, at: 2), is: .invalidField(.authenticationMethod)),
        Row("opcode 0",                plain.with(0x10, at: 2), is: nil),
        Row("opcode 4",                plain.with(0x14, at: 2), is: nil),
        Row("opcode 5",                plain.with(0x15, at: 2), is: .invalidField(.opcode)),
        Row("opcode 7",                plain.with(0x17, at: 2), is: .invalidField(.opcode)),
        Row("IPv4 inside",             plain.with(4, at: 3),    is: nil),
        Row("IPv6 inside",             plain.with(41, at: 3),   is: nil),
        Row("nothing inside",          plain.with(59, at: 3),   is: nil),
        Row("ICMPv6 inside",           plain.with(58, at: 3),   is: .invalidField(.nextHeader)),
    ]

    @Test(arguments: Self.fields)
    func isRefusedFor(_ row: Row<[UInt8], DecodeError?>) {
        #expect(Self.refusal(of: row.input) == row.output)
    }

    @Test func isWrittenAsItReads() throws {
        var generator = SeededGenerator(seed: 5072)
        for count in Array(0...130) + [1280, 1428] {
            let payload = generator.octets(count)
            let header = AYIYAHeader(
                opcode: try #require(AYIYAOpcode(rawValue: UInt8.random(in: 0...4, using: &generator))),
                nextHeader: [4, 41, 59][count % 3],
                epochTime: UInt32(truncatingIfNeeded: generator.next()),
                identity: generator.address()
            )
            let secret = AYIYASecret(password: generator.octets(1 + count % 132))

            let octets = Self.datagram(header, payload, signedWith: secret)
            let packet = try AYIYAPacket(octets.span.bytes)
            let read = AYIYAHeader(
                opcode: packet.opcode,
                nextHeader: packet.nextHeader,
                epochTime: packet.epochTime,
                identity: packet.identity
            )

            #expect(read == header, "\(count) octets")
            #expect(packet.payload.octets == payload, "\(count) octets")
            #expect(packet.hasSignature(by: secret) == true, "\(count) octets")
        }
    }

    @Test func isSignedAlikeInCompany() {
        var generator = SeededGenerator(seed: 1808)
        let secrets = [Self.secret, AYIYASecret(password: "another")]
        var signatures = DatagramSignatures()
        for count in 0...DatagramSignatures.most {
            let octets = generator.octets(1600)
            let datagrams = (0..<count).map { _ in
                octets.suffix(.random(in: 44...octets.count, using: &generator))
            }

            signatures.removeAll()
            octets.withUnsafeBytes { octets in
                for (index, datagram) in datagrams.enumerated() {
                    let part = UnsafeRawBufferPointer(rebasing: octets[datagram.startIndex...])
                    signatures.append(part, by: secrets[index % 2])
                }
                signatures.compute()
            }

            for (index, datagram) in datagrams.enumerated() {
                let alone = secrets[index % 2].signature(of: Array(datagram).span.bytes)
                #expect(signatures.signature(at: index) == alone, "\(index) of \(datagrams.map(\.count))")
            }
            #expect(signatures.isFull == (count == DatagramSignatures.most))
        }
    }

    @Test func isSignedWhereItLies() throws {
        var signatures = DatagramSignatures()
        for length in [44, 45, 1600] {
            var generator = SeededGenerator(seed: 1809)
            var octets = generator.octets(length + 1)
            let before = octets

            octets.withUnsafeMutableBytes { octets in
                signatures.append(UnsafeRawBufferPointer(rebasing: octets[..<length]), by: Self.secret)
                signatures.sign()
            }

            let signature = Self.secret.signature(of: Array(before.prefix(length)).span.bytes)
            let isSigned = AYIYAPacket.hasSignature(signature, in: octets.span.bytes)
            #expect(isSigned)
            #expect(octets[..<24] == before[..<24])
            #expect(octets[44...] == before[44...])
        }
        #expect(signatures.count == 0)
    }

    @Test func hasASignatureThatCoversEveryBit() throws {
        for index in Self.plain.indices {
            for bit in 0..<8 {
                let flipped = Self.plain.with(Self.plain[index] ^ 1 << bit, at: index)
                guard Self.refusal(of: flipped) == nil else { continue }

                let isAccepted = try AYIYAPacket(flipped.span.bytes).hasSignature(by: Self.secret)

                #expect(!isAccepted, "octet \(index), bit \(bit)")
            }
        }
    }

    @Test func isWrittenAtItsOffsetOnly() {
        let header = AYIYAHeader(opcode: .forward, nextHeader: 41, epochTime: 7, identity: Self.identity)
        let before = [UInt8](repeating: 0xee, count: 5 + 44) + [1, 2] + [0xee, 0xee, 0xee]

        let octets = written(before) {
            header.encode(into: &$0, at: 5, payloadLength: 2, signedWith: Self.secret)
        }

        #expect(octets == [UInt8](repeating: 0xee, count: 5) + Self.plain + [0xee, 0xee, 0xee])
    }

    @Test func secretsAreEqualWhenPasswordsAre() {
        #expect(AYIYASecret(password: "a") == AYIYASecret(password: [0x61]))
        #expect(AYIYASecret(password: "a") != AYIYASecret(password: "b"))
    }
}
