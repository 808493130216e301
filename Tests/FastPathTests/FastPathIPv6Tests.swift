import Core
import FastPath
import LinuxIO
import Testing
import Wire

@Suite(
    "The fast path's programs and outer IPv6",
    .enabled(if: NetworkNamespace.takesPrograms, NetworkNamespace.programRequirement)
)
struct FastPathIPv6Tests {
    private typealias Plan = FastPathCaseTests

    private static let text = """
        pop set details 1 chtst01 192.0.2.1 2001:db8:42::1
        pop set id 1
        pop tunnelprefix add 2001:db8:2ff::/48
        tunnel set config 0 T1 2001:db8:beef::1 up 1480
        tunnel set config 1 T2 198.51.100.2 up 1480
        tunnel set config 2 T3 2001:db8:beef:1::1 up 1280
        tunnel set config 3 T4 2001:db8:beef:10::1 up 1480

        """

    private static let user = IPv6Address(high: 0x2001_0db8_beef_0000, low: 1)
    private static let inner = InnerPacket(source: Plan.address(0), destination: Plan.internet).octets

    private static func outer(
        from source: IPv6Address = Self.user,
        to destination: IPv6Address = FastPathScene.own6,
        _ nextHeader: UInt8 = ProtocolNumber.ipv6,
        trafficClass: UInt8 = 0,
        around octets: [UInt8] = Self.inner
    ) -> [UInt8] {
        var fields = OuterIPv6Fields(source: source, destination: destination)
        fields.nextHeader = nextHeader
        fields.trafficClass = trafficClass
        return fields.octets(around: octets)
    }

    private static let gre = outer(ProtocolNumber.gre, around: [0, 0, 0x86, 0xdd] + inner)

    // MARK: - Into tunnels

    struct Down: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let number: UInt16
        let size: Int
        let refusal: FastPathRefusal?
        var isGRE = false
    }

    // swift-format-ignore
    static let down = [
        Down(testDescription: "to the user", number: 0, size: 72, refusal: nil),
        Down(testDescription: "as large as the link takes", number: 0, size: 1460, refusal: nil),
        Down(testDescription: "larger than the link takes", number: 0, size: 1461, refusal: .narrowPath),
        Down(testDescription: "larger than the tunnel takes", number: 0, size: 1481, refusal: .tooBig),
        Down(testDescription: "to a user out of reach", number: 2, size: 72, refusal: .noNextHop),
        Down(testDescription: "as large as a narrow path takes", number: 3, size: 1300, refusal: nil),
        Down(testDescription: "larger than a narrow path takes", number: 3, size: 1301, refusal: .narrowPath),
        Down(testDescription: "to a user over IPv4", number: 1, size: 72, refusal: nil),
        Down(testDescription: "to the user of GRE, as large as the link takes", number: 0, size: 1456, refusal: nil, isGRE: true),
        Down(testDescription: "to the user of GRE, larger", number: 0, size: 1457, refusal: .narrowPath, isGRE: true),
    ]

    @Test(arguments: Self.down)
    func packetsFromTheUplink(_ example: Down) throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)
            if example.isGRE { scene.giveOverIPv6(Self.gre, of: try #require(TID(rawValue: 0))) }
            var packet = InnerPacket(source: Plan.internet, destination: Plan.address(example.number))
            packet.size = example.size
            packet.trafficClass = 0xbb

            let outcome = try scene.fromUplink(packet.octets)

            outcome.expect(example.refusal)
            scene.compareCounters()
        }
    }

    // MARK: - Out of tunnels

    struct Up: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let refusal: FastPathRefusal?
        let packet: [UInt8]
        var link = Ethernet.ipv6

        init(_ name: String, _ refusal: FastPathRefusal?, _ packet: [UInt8], link: [UInt8] = Ethernet.ipv6) {
            self.testDescription = name
            self.refusal = refusal
            self.packet = packet
            self.link = link
        }
    }

    private static func marked(_ mark: UInt8) -> [UInt8] {
        var packet = InnerPacket(source: Plan.address(0), destination: Plan.internet)
        packet.trafficClass = mark
        return packet.octets
    }

    // swift-format-ignore
    static let up = [
        Up("from the user", nil, outer()),
        Up("with congestion marked outside", nil, outer(trafficClass: 3, around: marked(2))),
        Up("with congestion marked outside, of who does not know it", .congestion, outer(trafficClass: 3)),
        Up("to another host's link address", .otherHost, outer(), link: Ethernet.elsewhere6),
        Up("from another outer address", .otherEnds, outer(from: IPv6Address(high: user.high, low: 2))),
        Up("from another outer network", .otherEnds, outer(from: IPv6Address(high: user.high + 1, low: 1))),
        Up("to another address of ours", .otherEnds, outer(to: IPv6Address(high: FastPathScene.own6.high, low: 9))),
        Up("to another network", .otherEnds, outer(to: IPv6Address(high: FastPathScene.own6.high + 1, low: 1))),
        Up("of a tunnel over IPv4", .otherEnds, outer(around: InnerPacket(source: Plan.address(1), destination: Plan.internet).octets)),
        Up("of another tunnel over IPv6", .otherEnds, outer(around: InnerPacket(source: Plan.address(2), destination: Plan.internet).octets)),
        Up("with octets behind the outer packet", .otherLength, outer() + [0]),
        Up("with octets behind the inner packet", .otherLength, outer(around: inner + [0])),
        Up("that is GRE", .otherKind, gre),
        Up("that is GRE with a key", .otherKind, outer(ProtocolNumber.gre, around: [0x20, 0, 0x86, 0xdd, 0, 0, 0, 7] + inner)),
        Up("that is GRE with IPv4 inside", .oddGRE, outer(ProtocolNumber.gre, around: [0, 0, 8, 0] + inner)),
        Up("with another version inside", .notIPv6, outer(around: [0x45] + inner.dropFirst())),
    ]

    @Test(arguments: Self.up)
    func packetsFromTunnels(_ example: Up) throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)

            let outcome = try scene.fromIPv6Link(example.packet, link: example.link)

            outcome.expect(example.refusal)
            scene.compareCounters()
        }
    }

    @Test func whatIsNoTunnelsIsNotCounted() throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)
            #expect(try scene.fromIPv6Link(Self.outer(ProtocolNumber.udp)) == .left(nil))
            // An extension header: the daemon's socket is given what stands behind it.
            #expect(try scene.fromIPv6Link(Self.outer(60)) == .left(nil))
        }
    }

    // MARK: - Changes

    @Test func theUserIsFollowedFromOneKindToTheOther() throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)
            let down = InnerPacket(source: Plan.internet, destination: Plan.address(0)).octets
            let tid = try #require(TID(rawValue: 0))

            var sizes: [Int] = []
            for (packet, other) in [(Self.outer(), Self.gre), (Self.gre, Self.outer())] {
                #expect(try scene.fromIPv6Link(packet).isForwarded)
                guard case .forwarded(let octets) = try scene.fromUplink(down) else { break }
                sizes.append(octets.count - down.count)
                #expect(try scene.fromIPv6Link(other) == .left(.otherKind))
                scene.giveOverIPv6(other, of: tid)
            }

            #expect(sizes == [40, 44])
            scene.compareCounters()
        }
    }

    @Test func aTunnelMovesFromOneVersionToTheOther() throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)
            let moved = IPv6Address(high: Self.user.high, low: 0x77)
            let down = InnerPacket(source: Plan.internet, destination: Plan.address(0)).octets
            let overIPv4 = OuterPacketFields(source: Plan.user, destination: Plan.own)
            let remotes = ["2001:db8:beef::77", "198.51.100.1", "2001:db8:beef::1"]

            var found: [[Bool]] = []
            for remote in remotes {
                try scene.apply(Self.text.replacing("2001:db8:beef::1 up", with: "\(remote) up"))
                found.append([
                    try scene.fromIPv6Link(Self.outer(from: moved)).isForwarded,
                    try scene.fromLink(overIPv4.octets(around: Self.inner)).isForwarded,
                    try scene.fromIPv6Link(Self.outer()).isForwarded,
                    try scene.fromUplink(down).isForwarded,
                ])
            }

            #expect(
                found == [
                    [true, false, false, true], [false, true, false, true], [false, false, true, true],
                ]
            )
            scene.compareCounters()
        }
    }

    @Test func whatIsLeftIsWaitedFor() throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)
            let tid = try #require(TID(rawValue: 0))
            scene.hasDone = false

            let elsewhere = try scene.fromIPv6Link(
                Self.outer(from: IPv6Address(high: Self.user.high, low: 2))
            )
            let unaffected = try scene.fromIPv6Link(Self.outer())
            let other = try scene.fromIPv6Link(Self.gre)
            let waiting = try scene.fromIPv6Link(Self.outer())
            let count = scene.programs.tables.order.waiting(tid, .decapsulate).waiting
            scene.noteDone()
            let again = try scene.fromIPv6Link(Self.outer())

            #expect(elsewhere == .left(.otherEnds) && unaffected.isForwarded)
            #expect(other == .left(.otherKind) && waiting == .left(.waiting) && count == 2)
            #expect(again.isForwarded)
        }
    }
}
