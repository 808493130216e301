import TestSupport
import Testing
import Wire

@Suite("A heartbeat") struct HeartbeatMessageTests {
    static let hash = "da46fdc28f568bb62d29661f73758095"
    static let published = "HEARTBEAT TUNNEL 2001:db8::2 10.100.13.42 1063665852 \(hash)"

    private static func decode(_ text: String) throws(HeartbeatMessage.Failure) -> HeartbeatMessage {
        try Self.decode(Array(text.utf8))
    }

    private static func decode(_ octets: [UInt8]) throws(HeartbeatMessage.Failure) -> HeartbeatMessage {
        try HeartbeatMessage(octets.span.bytes)
    }

    struct Vector: Decodable, Sendable, CustomTestStringConvertible {
        let identity: String
        let sender: String
        let epoch: UInt64
        let password: String
        let datagram: String

        var testDescription: String { self.datagram }
    }

    @Test(arguments: Vectors<Vector>.load("heartbeat"))
    func isReadAndWrittenAsTheVectorsSay(_ vector: Vector) throws {
        let message = try Self.decode(vector.datagram)
        let sender: HeartbeatMessage.Sender =
            vector.sender == "sender" ? .source : .address(try IPAddress(parsing: vector.sender))

        #expect(message.identity == (try IPv6Address(parsing: vector.identity)))
        #expect(message.sender == sender)
        #expect(message.epochTime == vector.epoch)
        #expect(message.isSigned(with: TunnelPassword(vector.password)))
        #expect(!message.isSigned(with: TunnelPassword(vector.password + "x")))
        #expect(!message.isSigned(with: ""))
        // What was written in full is signed as it stood, and cannot be written so again.
        if message.identity.description == vector.identity {
            let again = HeartbeatMessage.encode(
                identity: message.identity,
                sender: message.sender,
                epochTime: message.epochTime,
                password: TunnelPassword(vector.password)
            )
            #expect(String(decoding: again, as: UTF8.self) == vector.datagram)
        }
    }

    @Test(arguments: ["\n", "\r", "\r\n", "\n\r\n"])
    func mayHaveALineEnd(_ end: String) throws {
        let message = try Self.decode(Self.published + end)

        #expect(message.isSigned(with: "hartslag"))
    }

    // swift-format-ignore
    static let bad: [Row<String, HeartbeatMessage.Failure>] = [
        Row("empty",                    "",                                                             is: .notAHeartbeat),
        Row("line end only",            "\r\n",                                                         is: .notAHeartbeat),
        Row("one word",                 "HEARTBEAT",                                                    is: .notAHeartbeat),
        Row("lower case",               "heartbeat tunnel 2001:db8::2 sender 1 \(hash)",                is: .notAHeartbeat),
        Row("another protocol",         "HEARTBEAT ROUTER 2001:db8::2 sender 1 \(hash)",                is: .notAHeartbeat),
        Row("leading blank",            " HEARTBEAT TUNNEL 2001:db8::2 sender 1 \(hash)",               is: .notAHeartbeat),
        Row("two blanks",               "HEARTBEAT  TUNNEL 2001:db8::2 sender 1 \(hash)",               is: .notAHeartbeat),
        Row("no identity",              "HEARTBEAT TUNNEL",                                             is: .notAHeartbeat),
        Row("empty identity",           "HEARTBEAT TUNNEL  sender 1 \(hash)",                           is: .notAHeartbeat),
        Row("IPv4 identity",            "HEARTBEAT TUNNEL 192.0.2.1 sender 1 \(hash)",                  is: .notAHeartbeat),
        Row("tunnel number for identity", "HEARTBEAT TUNNEL T5072 sender 1 \(hash)",                    is: .notAHeartbeat),
        Row("nothing after identity",   "HEARTBEAT TUNNEL 2001:db8::2",                                 is: .missingSender),
        Row("empty sender",             "HEARTBEAT TUNNEL 2001:db8::2  1 \(hash)",                      is: .missingSender),
        Row("sender left out",          "HEARTBEAT TUNNEL 2001:db8::2 1063665852 \(hash)",              is: .missingSender),
        Row("sender in upper case",     "HEARTBEAT TUNNEL 2001:db8::2 SENDER 1 \(hash)",                is: .missingSender),
        Row("sender half written",      "HEARTBEAT TUNNEL 2001:db8::2 10.0.0 1 \(hash)",                is: .missingSender),
        Row("nothing after sender",     "HEARTBEAT TUNNEL 2001:db8::2 sender",                          is: .missingTime),
        Row("empty time",               "HEARTBEAT TUNNEL 2001:db8::2 sender  \(hash)",                 is: .missingTime),
        Row("time left out",            "HEARTBEAT TUNNEL 2001:db8::2 sender \(hash)",                  is: .missingTime),
        Row("time with a sign",         "HEARTBEAT TUNNEL 2001:db8::2 sender +1 \(hash)",               is: .missingTime),
        Row("negative time",            "HEARTBEAT TUNNEL 2001:db8::2 sender -1 \(hash)",               is: .missingTime),
        Row("time beyond 64 bits",      "HEARTBEAT TUNNEL 2001:db8::2 sender 18446744073709551616 \(hash)", is: .missingTime),
        Row("time in words",            "HEARTBEAT TUNNEL 2001:db8::2 sender now \(hash)",              is: .missingTime),
        Row("no hash",                  "HEARTBEAT TUNNEL 2001:db8::2 sender 1",                        is: .notAHeartbeat),
        Row("empty hash",               "HEARTBEAT TUNNEL 2001:db8::2 sender 1 ",                       is: .notAHeartbeat),
        Row("31 digits of hash",        "HEARTBEAT TUNNEL 2001:db8::2 sender 1 \(hash.dropLast())",     is: .notAHeartbeat),
        Row("33 digits of hash",        "HEARTBEAT TUNNEL 2001:db8::2 sender 1 \(hash)0",               is: .notAHeartbeat),
        Row("hash in upper case",       "HEARTBEAT TUNNEL 2001:db8::2 sender 1 \(hash.uppercased())",   is: .notAHeartbeat),
        Row("hash of other letters",    "HEARTBEAT TUNNEL 2001:db8::2 sender 1 g\(hash.dropFirst())",   is: .notAHeartbeat),
        Row("word after hash",          "HEARTBEAT TUNNEL 2001:db8::2 sender 1 \(hash) x",              is: .notAHeartbeat),
        Row("blank after hash",         "HEARTBEAT TUNNEL 2001:db8::2 sender 1 \(hash) ",               is: .notAHeartbeat),
        Row("two datagrams in one",     "\(published)\n\(published)",                                   is: .notAHeartbeat),
    ]

    @Test(arguments: Self.bad)
    func isRefusedFor(_ row: Row<String, HeartbeatMessage.Failure>) {
        #expect(throws: row.output) { try Self.decode(row.input) }
    }

    @Test func refusesEveryTruncation() {
        let octets = Array(Self.published.utf8)
        for count in 0..<octets.count {
            #expect(throws: HeartbeatMessage.Failure.self, "\(count) octets") {
                try Self.decode(Array(octets.prefix(count)))
            }
        }
    }

    @Test func refusesOctetsThatAreNoText() {
        let octets = Array(Self.published.utf8)
        for index in octets.indices {
            #expect(throws: HeartbeatMessage.Failure.self, "octet \(index)") {
                try Self.decode(octets.with(0xff, at: index))
            }
        }
    }

    @Test func isAtMostSoLong() throws {
        let room = HeartbeatMessage.maximumLength - Self.published.utf8.count

        #expect(
            try Self.decode(Self.published + String(repeating: "\n", count: room)).epochTime == 1_063_665_852
        )
        #expect(throws: HeartbeatMessage.Failure.notAHeartbeat) {
            try Self.decode(Self.published + String(repeating: "\n", count: room + 1))
        }
    }

    @Test func fitsWhateverItsFieldsAre() throws {
        let longest = "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"
        let text = "HEARTBEAT TUNNEL \(longest) \(longest) \(UInt64.max) \(Self.hash)\r\n"

        #expect(try Self.decode(text).epochTime == .max)
    }

    @Test func isSignedOverEveryOctet() throws {
        let password: TunnelPassword = "hartslag"
        let octets = Array(Self.published.utf8)
        for index in octets.indices {
            let changed = octets.with(octets[index] ^ 1, at: index)
            guard let message = try? Self.decode(changed) else { continue }

            #expect(!message.isSigned(with: password), "octet \(index)")
        }
    }

    @Test func isWrittenAsItReads() throws {
        var generator = SeededGenerator(seed: 3740)
        for round in 0..<500 {
            let identity = generator.address()
            let sender: HeartbeatMessage.Sender =
                switch round % 3 {
                case 0: .source
                case 1: .address(.ipv4(IPv4Address(UInt32(truncatingIfNeeded: generator.next()))))
                default: .address(.ipv6(generator.address()))
                }
            let time = generator.next() >> UInt64(round % 64)

            let octets = HeartbeatMessage.encode(
                identity: identity,
                sender: sender,
                epochTime: time,
                password: TunnelPassword("påsswörd \(round)")
            )
            let message = try Self.decode(octets)

            #expect(message.identity == identity)
            #expect(message.sender == sender)
            #expect(message.epochTime == time)
            #expect(message.isSigned(with: TunnelPassword("påsswörd \(round)")))
        }
    }
}
