import Core
import FastPath
import LinuxIO
import Testing
import Wire

@Suite(
    "The fast path's programs and GRE",
    .enabled(if: NetworkNamespace.takesPrograms, NetworkNamespace.programRequirement)
)
struct FastPathGRETests {
    private typealias Plan = FastPathCaseTests

    private static let plain: [UInt8] = [0, 0, 0x86, 0xdd]
    private static let narrow = IPv4Address(198, 51, 16, 0)

    private static func outer(
        _ header: [UInt8] = plain,
        from source: IPv4Address = Plan.user,
        around inner: [UInt8]
    ) -> [UInt8] {
        OuterPacketFields.gre(from: source, to: Plan.own, header: header, around: inner)
    }

    private static let up = InnerPacket(source: Plan.address(0), destination: Plan.internet).octets

    /// Two tunnels whose users send GRE, one of them behind a narrow path.
    private static func scene() throws -> FastPathScene {
        let scene = try FastPathScene(Plan.text)
        scene.give(Self.outer(around: Self.up), of: try #require(TID(rawValue: 0)))
        let other = InnerPacket(source: Plan.address(0x1000), destination: Plan.internet).octets
        scene.give(Self.outer(from: Self.narrow, around: other), of: try #require(TID(rawValue: 0x1000)))
        return scene
    }

    // MARK: - Into tunnels

    struct Down: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let number: UInt16
        let size: Int
        let refusal: FastPathRefusal?
        var segmentSize: UInt32 = 0
    }

    // swift-format-ignore
    static let down = [
        Down(testDescription: "to the user", number: 0, size: 72, refusal: nil),
        Down(testDescription: "as large as the tunnel takes", number: 0, size: 1480, refusal: .narrowPath),
        Down(testDescription: "as large as the link takes", number: 0, size: 1476, refusal: nil),
        Down(testDescription: "larger than the link takes", number: 0, size: 1477, refusal: .narrowPath),
        Down(testDescription: "larger than the tunnel takes", number: 0, size: 1481, refusal: .tooBig),
        Down(testDescription: "as large as a narrow path takes", number: 0x1000, size: 1276, refusal: nil),
        Down(testDescription: "larger than a narrow path takes", number: 0x1000, size: 1277, refusal: .narrowPath),
        Down(testDescription: "segments that fit", number: 0, size: 3000, refusal: .unchanged, segmentSize: 1416),
        Down(testDescription: "segments that are larger than the link takes", number: 0, size: 3000, refusal: .narrowPath, segmentSize: 1417),
    ]

    @Test(arguments: Self.down)
    func packetsFromTheUplink(_ example: Down) throws {
        try NetworkNamespace.run {
            let scene = try Self.scene()
            var packet = InnerPacket(source: Plan.internet, destination: Plan.address(example.number))
            packet.size = example.size
            packet.trafficClass = 0xbb
            if example.segmentSize > 0 { packet.nextHeader = ProtocolNumber.tcp }

            let outcome = try scene.fromUplink(packet.octets, segmentSize: example.segmentSize)

            outcome.expect(example.refusal)
            scene.compareCounters()
        }
    }

    // MARK: - Out of tunnels

    struct Up: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let refusal: FastPathRefusal?
        let packet: [UInt8]

        init(_ name: String, _ refusal: FastPathRefusal?, _ packet: [UInt8]) {
            self.testDescription = name
            self.refusal = refusal
            self.packet = packet
        }
    }

    private static func options(_ first: UInt8, _ count: Int, _ second: UInt8 = 0) -> [UInt8] {
        outer([first, second, 0x86, 0xdd] + [UInt8](repeating: 7, count: 4 * count), around: up)
    }

    /// The inner traffic class and the outer one.
    private static func marked(_ inner: UInt8, _ outer: UInt8) -> [UInt8] {
        var packet = InnerPacket(source: Plan.address(0), destination: Plan.internet)
        packet.trafficClass = inner
        var fields = OuterPacketFields(source: Plan.user, destination: Plan.own)
        fields.protocolNumber = ProtocolNumber.gre
        fields.trafficClass = outer
        return fields.octets(around: plain + packet.octets)
    }

    // swift-format-ignore
    static let cases = [
        Up("from the user", nil, outer(around: up)),
        Up("from the user's subnet", nil, outer(around: InnerPacket(source: IPv6Address(high: 0x2001_0db8_3001_abcd, low: 1), destination: Plan.internet).octets)),
        Up("with congestion marked outside", nil, marked(2, 3)),
        Up("with congestion marked outside, of who does not know it", .congestion, marked(0, 3)),
        Up("with a checksum", .oddGRE, options(0x80, 1)),
        Up("with a key", .oddGRE, options(0x20, 1)),
        Up("with a sequence number", .oddGRE, options(0x10, 1)),
        Up("with all of them", .oddGRE, options(0xb0, 3)),
        Up("with bits that say nothing", .oddGRE, options(0x01, 0, 0x80)),
        Up("with a route", .oddGRE, options(0x40, 1)),
        Up("with a strict source route", .oddGRE, options(0x08, 0)),
        Up("of version 1", .oddGRE, options(0, 0, 1)),
        Up("with IPv4 inside", .oddGRE, outer([0, 0, 8, 0], around: up)),
        Up("with another version inside", .notIPv6, outer(around: [0x45] + up.dropFirst())),
        Up("whose inner packet ends early", .short, outer(around: [UInt8](up.prefix(39)))),
        Up("whose inner packet ends early, behind options", .short, outer([0xb0, 0, 0x86, 0xdd] + [UInt8](repeating: 7, count: 12), around: [UInt8](up.prefix(39)))),
        Up("with octets behind the inner packet", .otherLength, outer(around: up + [0])),
        Up("from another outer address", .otherEnds, outer(from: IPv4Address(198, 51, 100, 9), around: up)),
        Up("of a tunnel of 6in4", .otherKind, outer(from: IPv4Address(198, 51, 100, 2), around: InnerPacket(source: Plan.address(1), destination: Plan.internet).octets)),
        Up("that is 6in4", .otherKind, OuterPacketFields(source: Plan.user, destination: Plan.own).octets(around: up)),
    ]

    @Test(arguments: Self.cases)
    func packetsFromTunnels(_ example: Up) throws {
        try NetworkNamespace.run {
            let scene = try Self.scene()

            let outcome = try scene.fromLink(example.packet)

            outcome.expect(example.refusal)
            scene.compareCounters()
        }
    }

    // MARK: - From one to the other

    @Test func theUserIsFollowedFromOneToTheOther() throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Plan.text)
            let tid = try #require(TID(rawValue: 0))
            let down = InnerPacket(source: Plan.internet, destination: Plan.address(0)).octets
            let sixInFour = OuterPacketFields(source: Plan.user, destination: Plan.own).octets(
                around: Self.up
            )
            let gre = Self.outer(around: Self.up)

            var sizes: [Int] = []
            for (packet, other) in [(sixInFour, gre), (gre, sixInFour), (sixInFour, gre)] {
                #expect(try scene.fromLink(packet).isForwarded)
                guard case .forwarded(let octets) = try scene.fromUplink(down) else { break }
                sizes.append(octets.count - down.count)
                #expect(try scene.fromLink(other) == .left(.otherKind))
                scene.give(other, of: tid)
            }

            #expect(sizes == [20, 24, 20])
            scene.compareCounters()
        }
    }

    @Test func whatIsLeftIsWaitedFor() throws {
        try NetworkNamespace.run {
            let scene = try Self.scene()
            let tid = try #require(TID(rawValue: 0))
            scene.hasDone = false
            let left = [Self.options(0x20, 1), Self.outer([0, 0, 8, 0], around: Self.up)]
            let sixInFour = OuterPacketFields(source: Plan.user, destination: Plan.own).octets(
                around: Self.up
            )

            // One that the daemon would drop as no GRE of ours is nobody's.
            let counts = try (left + [sixInFour]).map { packet in
                _ = try scene.fromLink(packet)
                return scene.programs.tables.order.waiting(tid, .decapsulate).waiting
            }
            let waiting = try scene.fromLink(Self.outer(around: Self.up))
            scene.noteDone()
            let again = try scene.fromLink(Self.outer(around: Self.up))

            #expect(counts == [1, 1, 2])
            #expect(waiting == .left(.waiting))
            #expect(again.isForwarded)
        }
    }
}
