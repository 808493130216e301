import TestSupport
import Testing
import Wire

@Suite("A doubtful packet") struct DoubtfulPacketTests {
    private static let source: [UInt8] = [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0x11, count: 12)
    private static let destination: [UInt8] = [0x20, 0x01, 0x0d, 0xb8] + [UInt8](repeating: 0xfe, count: 12)
    private static let tcp: UInt8 = 6
    private static let udp: UInt8 = 17
    private static let options: [UInt8] = [0, 1, 4, 0, 0, 0, 0]

    /// The sum of 16-bit words with the carries added, one by one (RFC 1071).
    private static func sum(_ octets: [UInt8]) -> Int {
        var sum = 0
        for index in stride(from: 0, to: octets.count, by: 2) {
            sum += Int(octets[index]) << 8 | Int(octets[index + 1])
            sum = (sum & 0xffff) + (sum >> 16)
        }
        return sum
    }

    /// A packet whose checksum is the sum of the pseudo-header, plus a difference.
    ///
    /// - Parameters:
    ///   - kind: TCP or UDP.
    ///   - extensions: Types of extension headers of 8 octets in front of it.
    ///   - payload: How many octets follow its header, an even count.
    ///   - error: What is added to the sum.
    /// - Returns: Its octets.
    private static func packet(
        _ kind: UInt8,
        behind extensions: [UInt8] = [],
        payload: Int = 100,
        error: Int = 0
    ) -> [UInt8] {
        let length = (kind == Self.tcp ? 20 : 8) + payload
        let (high, low) = (UInt8(length >> 8), UInt8(length & 0xff))
        let pseudo = Self.source + Self.destination + [0, 0, high, low, 0, 0, 0, kind]
        let value = (Self.sum(pseudo) + error) & 0xffff
        var upper = [UInt8](repeating: 0, count: length)
        if kind == Self.tcp { upper[12] = 0x50 }
        upper[kind == Self.tcp ? 16 : 6] = UInt8(value >> 8)
        upper[kind == Self.tcp ? 17 : 7] = UInt8(value & 0xff)
        let types = extensions + [kind]
        let headers = types.dropFirst().flatMap { [$0] + Self.options }
        let total = headers.count + length
        return [0x60, 0, 0, 0, UInt8(total >> 8), UInt8(total & 0xff), types[0], 64] + Self.source
            + Self.destination + headers + upper
    }

    static let samples = [
        packet(tcp), packet(udp), packet(tcp, behind: [0]), packet(udp, behind: [60, 43]),
        packet(tcp, payload: 3000),
    ]

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let octets: [UInt8]
        let isDoubtful: Bool

        init(_ description: String, _ octets: [UInt8], is isDoubtful: Bool) {
            self.testDescription = description
            self.octets = octets
            self.isDoubtful = isDoubtful
        }
    }

    // swift-format-ignore
    static let cases = [
        Case("TCP with the bare sum",                  packet(tcp),                        is: true),
        Case("TCP with another checksum",              packet(tcp, error: 1),              is: false),
        Case("UDP with the bare sum",                  packet(udp),                        is: true),
        Case("UDP with another checksum",              packet(udp, error: 1),              is: false),
        Case("TCP without data, as a SYN",             packet(tcp, payload: 0),            is: true),
        Case("behind hop-by-hop options",              packet(tcp, behind: [0], error: 1), is: true),
        Case("behind a routing header",                packet(tcp, behind: [43], error: 1), is: true),
        Case("behind destination options",             packet(udp, behind: [60], error: 1), is: true),
        Case("as long as a packet of Ethernet is",     packet(tcp, payload: 1462, error: 1), is: false),
        Case("longer than a packet of Ethernet is",    packet(tcp, payload: 1464, error: 1), is: true),
        Case("IPv4 inside",                            packet(tcp, error: 1).with(4, at: 6),  is: true),
        Case("IPv6 inside",                            packet(tcp, error: 1).with(41, at: 6), is: true),
        Case("GRE inside",                             packet(tcp, error: 1).with(47, at: 6), is: true),
        Case("ICMPv6",                                 packet(tcp).with(58, at: 6),        is: false),
        Case("a fragment",                             packet(tcp).with(44, at: 6),        is: false),
        Case("IPv4",                                   packet(tcp).with(0x45, at: 0),      is: false),
    ]

    @Test(arguments: cases) func isFoundInDoubt(_ example: Case) {
        #expect(DoubtfulPacket.isDoubtful(example.octets.span.bytes) == example.isDoubtful)
    }

    @Test func isInDoubtOnlyWithItsChecksumThere() {
        let octets = Self.packet(Self.tcp, payload: 0)
        for count in 0...octets.count {
            let isDoubtful = DoubtfulPacket.isDoubtful(Array(octets.prefix(count)).span.bytes)
            #expect(isDoubtful == (count >= 58), "\(count) octets")
        }
    }

    // MARK: - Guesses

    private static func guess(_ octets: [UInt8]) -> VirtioNetHeader? {
        DoubtfulPacket.guess(octets.span.bytes)
    }

    @Test(arguments: [[], [0], [60], [0, 60], [43]] as [[UInt8]])
    func ofTCPIsGuessedToFitEveryPath(behind extensions: [UInt8]) throws {
        let octets = Self.packet(Self.tcp, behind: extensions, payload: 3000)

        let header = try #require(Self.guess(octets))

        let front = 40 + 8 * extensions.count
        #expect(header.segmentation == .tcpOverIPv6)
        #expect(Int(header.headerLength) == front + 20)
        #expect(Int(header.segmentSize) == 1280 - front - 20)
        #expect(header.checksum == VirtioNetHeader.Checksum(start: UInt16(front), offset: 16))
    }

    @Test(arguments: [(tcp, 1220, true), (tcp, 1222, false), (udp, 1232, true), (udp, 1474, true)])
    func thatFitsIsGuessedToBeOne(_ kind: UInt8, _ payload: Int, _ isOne: Bool) throws {
        let octets = Self.packet(kind, payload: payload)

        let header = try #require(Self.guess(octets))

        #expect((header.segmentation == .none) == isOne)
        #expect(header.checksum == VirtioNetHeader.Checksum(start: 40, offset: kind == Self.tcp ? 16 : 6))
    }

    @Test func ofUDPThatWasMergedIsLeftAlone() {
        #expect(Self.guess(Self.packet(Self.udp, payload: 1476)) == nil)
    }

    @Test(arguments: [tcp, udp]) func withAnotherChecksumIsLeftAlone(_ kind: UInt8) {
        #expect(Self.guess(Self.packet(kind, error: 1)) == nil)
        #expect(Self.guess(Self.packet(kind, behind: [0], error: 1)) == nil)
    }

    @Test func isGuessedNothingOfWhereverItIsCut() {
        let octets = Self.packet(Self.tcp, behind: [0, 60], payload: 2000)
        for count in 0..<octets.count {
            #expect(Self.guess(Array(octets.prefix(count))) == nil, "\(count) octets")
        }
    }
}
