import Core
import FastPath
import LinuxIO
import Testing
import Wire

@Suite(
    "The fast path's programs",
    .enabled(if: NetworkNamespace.takesPrograms, NetworkNamespace.programRequirement)
)
struct FastPathCaseTests {
    static let text = """
        pop set details 1 chtst01 192.0.2.1 2001:db8:42::1
        pop set id 1
        pop tunnelprefix add 2001:db8:2ff::/48
        pop subnetprefix add 2001:db8:3000::/40
        pop subnetprefix add 2001:db8:4000::/48
        tunnel set config 0 T1 198.51.100.1 up 1480
        tunnel set config 1 T2 198.51.100.2 up 1280
        tunnel set config 2 T3 198.51.100.3 disabled 1280
        tunnel set config 100 T4 198.51.1.0 up 1480
        tunnel set config 1000 T5 198.51.16.0 up 1480
        subnet set config 2001:db8:3001::/48 0 static
        subnet set config 2001:db8:4000:ff00::/56 1 static

        """

    private static let tunnelHigh: UInt64 = 0x2001_0db8_02ff_0000
    static let internet = IPv6Address(high: 0x2001_0db8_ffff_0000, low: 0x10)
    static let user = IPv4Address(198, 51, 100, 1)
    static let own = IPv4Address(192, 0, 2, 1)

    static func address(_ number: UInt16, _ interface: UInt64 = 2) -> IPv6Address {
        IPv6Address(high: Self.tunnelHigh | UInt64(number), low: interface)
    }

    // MARK: - Into tunnels

    struct Down: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let refusal: FastPathRefusal?
        let change: @Sendable (inout InnerPacket) -> Void
        var segmentSize: UInt32 = 0
        var finish: @Sendable (inout [UInt8]) -> Void = { _ in }

        init(
            _ name: String,
            _ refusal: FastPathRefusal?,
            segmentSize: UInt32 = 0,
            _ change: @escaping @Sendable (inout InnerPacket) -> Void = { _ in },
            finish: @escaping @Sendable (inout [UInt8]) -> Void = { _ in }
        ) {
            self.testDescription = name
            self.refusal = refusal
            self.change = change
            self.segmentSize = segmentSize
            self.finish = finish
        }
    }

    // swift-format-ignore
    static let down = [
        Down("to the user", nil),
        Down("to the default routed /64", nil) { $0.destination = address(0x8000, 77) },
        Down("to a subnet, a /48", nil) { $0.destination = IPv6Address(high: 0x2001_0db8_3001_abcd, low: 1) },
        Down("to a subnet, a /56", nil) { $0.destination = IPv6Address(high: 0x2001_0db8_4000_ff07, low: 1) },
        Down("with a traffic class and a flow label", nil) { $0.trafficClass = 0xbb; $0.flowLabel = 0xf_edcb },
        Down("as large as the tunnel takes", nil) { $0.size = 1480 },
        Down("larger than the tunnel takes", .tooBig) { $0.size = 1481 },
        Down("without a payload", nil) { $0.size = 40 },
        Down("with two hops left", nil) { $0.hopLimit = 2 },
        Down("with one hop left", .lastHop) { $0.hopLimit = 1 },
        Down("with none left", .lastHop) { $0.hopLimit = 0 },
        Down("of IP version 4", .notIPv6, finish: { $0[0] = 0x45 }),
        Down("with padding", .otherLength, finish: { $0.append(0) }),
        Down("cut short", .otherLength, finish: { $0.removeLast() }),
        Down("from a group", .impossibleSource) { $0.source = IPv6Address(high: 0xff02 << 48, low: 1) },
        Down("from a link-local address", .impossibleSource) { $0.source = IPv6Address(high: 0xfe80 << 48, low: 1) },
        Down("from an IPv4-mapped address", .impossibleSource) { $0.source = IPv6Address(mapping: user) },
        Down("from the PoP's prefix", .wrongSource) { $0.source = address(1) },
        Down("from the PoP's subnets", .wrongSource) { $0.source = IPv6Address(high: 0x2001_0db8_3002_0000, low: 1) },
        Down("to our side of a tunnel", .wrongDestination) { $0.destination = address(0, 1) },
        Down("to another address of a tunnel's", .wrongDestination) { $0.destination = address(0, 3) },
        Down("to the daemon", .wrongDestination) { $0.destination = address(0xffff, 1) },
        Down("to nobody's subnet", .wrongDestination) { $0.destination = IPv6Address(high: 0x2001_0db8_3002_0000, low: 1) },
        Down("to the internet", .wrongDestination) { $0.destination = IPv6Address(high: 0x2001_0db8_1111_0000, low: 1) },
        Down("to a disabled tunnel", .slowTunnel) { $0.destination = address(2) },
        Down("to a tunnel that is not there", .slowTunnel) { $0.destination = address(0x1fff) },
        Down("to a user out of reach", .noNextHop) { $0.destination = address(0x100) },
        Down("to a user behind a narrow path, as large as it takes", nil) { $0.destination = address(0x1000); $0.size = 1280 },
        Down("to a user behind a narrow path, larger", .narrowPath) { $0.destination = address(0x1000); $0.size = 1281 },
        Down("segments of what has none", .oddSegments, segmentSize: 8),
        Down("segments that are larger than the tunnel takes", .tooBig, segmentSize: 1421) {
            $0.nextHeader = ProtocolNumber.tcp
            $0.size = 3000
        },
        // BPF_PROG_TEST_RUN does not say whose segments they are, and without that the kernel refuses to change such a packet.
        Down("segments that fit", .unchanged, segmentSize: 1420) { $0.nextHeader = ProtocolNumber.tcp; $0.size = 3000 },
        Down("segments behind a TCP header that is none", .oddSegments, segmentSize: 1000) {
            $0.nextHeader = ProtocolNumber.tcp
            $0.filling = 0x40
            $0.size = 3000
        },
    ]

    @Test(arguments: Self.down)
    func packetsFromTheUplink(_ example: Down) throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)
            var packet = InnerPacket(source: Self.internet, destination: Self.address(0))
            example.change(&packet)
            var octets = packet.octets
            example.finish(&octets)

            let outcome = try scene.fromUplink(octets, segmentSize: example.segmentSize)

            outcome.expect(example.refusal)
            scene.compareCounters()
        }
    }

    // MARK: - Out of tunnels

    struct Up: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let refusal: FastPathRefusal?
        let change: @Sendable (inout InnerPacket, inout OuterPacketFields) -> Void
        var segmentSize: UInt32 = 0
        var link = Ethernet.ipv4
        var finish: @Sendable (inout [UInt8]) -> Void = { _ in }

        init(
            _ name: String,
            _ refusal: FastPathRefusal?,
            segmentSize: UInt32 = 0,
            link: [UInt8] = Ethernet.ipv4,
            _ change: @escaping @Sendable (inout InnerPacket, inout OuterPacketFields) -> Void = { _, _ in },
            finish: @escaping @Sendable (inout [UInt8]) -> Void = { _ in }
        ) {
            self.testDescription = name
            self.refusal = refusal
            self.change = change
            self.segmentSize = segmentSize
            self.link = link
            self.finish = finish
        }
    }

    private static func marks(_ outer: UInt8, _ inner: UInt8, _ refusal: FastPathRefusal? = nil) -> Up {
        Up("congestion marked \(outer) outside, \(inner) inside", refusal) {
            $0.trafficClass = 0xb8 | inner
            $1.trafficClass = outer
        }
    }

    // swift-format-ignore
    static let up = [
        Up("from the user", nil),
        Up("from the default routed /64", nil) { inner, _ in inner.source = address(0x8000, 77) },
        Up("from a subnet", nil) { inner, _ in inner.source = IPv6Address(high: 0x2001_0db8_3001_abcd, low: 1) },
        Up("with a flow label", nil) { inner, _ in inner.flowLabel = 0xf_edcb },
        Up("with an outer TTL of 0, which says nothing", nil) { $1.timeToLive = 0 },
        Up("that may be fragmented", nil) { $1.fragmentation = .allowed(identification: 7) },
        Up("larger than what the tunnel takes the other way", nil) { inner, _ in inner.size = 1500 },
        Up("with two hops left", nil) { inner, _ in inner.hopLimit = 2 },
        Up("with one hop left", .lastHop) { inner, _ in inner.hopLimit = 1 },
        marks(0, 0), marks(0, 1), marks(0, 2), marks(0, 3), marks(1, 0), marks(1, 1), marks(1, 2), marks(1, 3),
        marks(2, 0), marks(2, 1), marks(2, 2), marks(2, 3), marks(3, 0, .congestion), marks(3, 1), marks(3, 2), marks(3, 3),
        Up("that ends early", .short, finish: { $0.removeLast($0.count - 59); $0 = $0.summed() }),
        Up("to another host", .otherHost, link: Ethernet.elsewhere),
        Up("to all hosts", .otherHost, link: [UInt8](repeating: 0xff, count: 6) + Ethernet.ipv4.dropFirst(6)),
        Up("with options", .options, finish: { $0[0] = 0x46; $0 = $0.summed() }),
        Up("that is a first fragment", .fragment) { $1.fragmentation = .fragment(identification: 7, offset: 0, isLast: false) },
        Up("that is a last fragment", .fragment) { $1.fragmentation = .fragment(identification: 7, offset: 64, isLast: true) },
        Up("with a wrong checksum", .checksum, finish: { $0[11] ^= 1 }),
        Up("with padding behind the outer packet", .otherLength, finish: { $0.append(0) }),
        Up("with padding behind the inner packet", .otherLength, finish: { $0.append(0); $0[3] += 1; $0 = $0.summed() }),
        Up("of IP version 4 inside", .notIPv6, finish: { $0[20] = 0x45 }),
        Up("from another's address", .otherEnds) { inner, _ in inner.source = address(1) },
        Up("from no tunnel's address", .wrongSource) { inner, _ in inner.source = internet },
        Up("from our side", .wrongSource) { inner, _ in inner.source = address(0, 1) },
        Up("from another address of the tunnel's", .wrongSource) { inner, _ in inner.source = address(0, 3) },
        Up("from a disabled tunnel", .slowTunnel) { inner, outer in
            inner.source = address(2)
            outer.source = IPv4Address(198, 51, 100, 3)
        },
        Up("to our side", .wrongDestination) { inner, _ in inner.destination = address(0, 1) },
        Up("to another tunnel", .wrongDestination) { inner, _ in inner.destination = address(1) },
        Up("to itself", .wrongDestination) { inner, _ in inner.destination = address(0) },
        Up("to a group", .impossibleDestination) { inner, _ in inner.destination = IPv6Address(high: 0xff0e << 48, low: 1) },
        Up("to a link-local address", .impossibleDestination) { inner, _ in inner.destination = IPv6Address(high: 0xfe80 << 48, low: 1) },
        Up("to loopback", .impossibleDestination) { inner, _ in inner.destination = .loopback },
        Up("from another outer address", .otherEnds) { $1.source = IPv4Address(198, 51, 100, 9) },
        Up("to another address of ours", .otherEnds) { $1.destination = IPv4Address(192, 0, 2, 9) },
        Up("segments of what has none", .oddSegments, segmentSize: 8),
        Up("segments", .unchanged, segmentSize: 1000) { inner, _ in
            inner.nextHeader = ProtocolNumber.udp
            inner.size = 3000
        },
    ]

    @Test(arguments: Self.up)
    func packetsFromTunnels(_ example: Up) throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)
            var inner = InnerPacket(source: Self.address(0), destination: Self.internet)
            var outer = OuterPacketFields(source: Self.user, destination: Self.own)
            example.change(&inner, &outer)
            var octets = outer.octets(around: inner.octets)
            example.finish(&octets)

            let outcome = try scene.fromLink(octets, segmentSize: example.segmentSize, link: example.link)

            outcome.expect(example.refusal)
            scene.compareCounters()
        }
    }

    // MARK: - The daemon's word

    private static let packet = InnerPacket(source: internet, destination: address(0)).octets

    @Test func nothingIsForwardedOfADaemonThatIsSilent() throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)
            let tables = scene.programs.tables

            tables.sayAlive(at: MonotonicClock.now() - 1_900_000_000)
            let late = try scene.fromUplink(Self.packet)
            tables.sayAlive(at: MonotonicClock.now() - 2_100_000_000)
            let tooLate = try scene.fromUplink(Self.packet)
            tables.sayAlive(at: MonotonicClock.now())
            let again = try scene.fromUplink(Self.packet)
            tables.fallSilent()
            let silent = try scene.fromUplink(Self.packet)

            late.expect(nil)
            tooLate.expect(.silent)
            again.expect(nil)
            silent.expect(.silent)
        }
    }

    @Test func aTunnelThatIsTracedIsSlow() throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)
            let tid = try #require(TID(rawValue: 0))

            scene.change(tid) { engine, _ in engine.setTracing(of: tid, to: true) }
            let traced = try scene.fromUplink(Self.packet)
            scene.change(tid) { engine, _ in engine.setTracing(of: tid, to: false) }
            let again = try scene.fromUplink(Self.packet)

            traced.expect(.slowTunnel)
            again.expect(nil)
        }
    }

    @Test func noPacketOvertakesOneThatTheDaemonHasInHand() throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)
            let tid = try #require(TID(rawValue: 0))
            let inner = InnerPacket(source: Self.address(0), destination: Self.internet).octets
            let other = InnerPacket(source: Self.internet, destination: Self.address(1)).octets
            let outer = OuterPacketFields(source: Self.user, destination: Self.own).octets(around: inner)
            let elsewhere = OuterPacketFields(source: IPv4Address(198, 51, 100, 200), destination: Self.own)
            scene.hasDone = false

            scene.change(tid) { engine, _ in engine.setTracing(of: tid, to: true) }
            let traced = try scene.fromUplink(Self.packet)
            scene.change(tid) { engine, _ in engine.setTracing(of: tid, to: false) }
            let waiting = try scene.fromUplink(Self.packet)
            let count = scene.programs.tables.order.waiting(tid, .encapsulate)
            let ofAnother = try scene.fromUplink(other)
            let otherWay = try scene.fromLink(outer)
            scene.programs.tables.order.noteDone(tid, .encapsulate)
            let stillWaiting = try scene.fromUplink(Self.packet)
            scene.noteDone()
            let again = try scene.fromUplink(Self.packet)
            // What somebody else sends in the user's name slows nobody down.
            let foreign = try scene.fromLink(elsewhere.octets(around: inner))
            let upAgain = try scene.fromLink(outer)

            traced.expect(.slowTunnel)
            waiting.expect(.waiting)
            #expect(count.left == 2 && count.waiting == 2)
            ofAnother.expect(nil)
            otherWay.expect(nil)
            stillWaiting.expect(.waiting)
            again.expect(nil)
            foreign.expect(.otherEnds)
            upAgain.expect(nil)
        }
    }

    @Test func aPathThatIsLearntNarrowsTheTunnel() throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)
            let tid = try #require(TID(rawValue: 0))
            var packet = InnerPacket(source: Self.internet, destination: Self.address(0))

            scene.change(tid) { engine, now in engine.noteLinkMTU(1400, of: tid, at: now) }
            packet.size = 1380
            let fits = try scene.fromUplink(packet.octets)
            packet.size = 1381
            let larger = try scene.fromUplink(packet.octets)

            fits.expect(nil)
            larger.expect(.tooBig)
        }
    }

    @Test func aConfigurationChangesBothWays() throws {
        try NetworkNamespace.run {
            let scene = try FastPathScene(Self.text)
            let moved = Self.text.replacing("198.51.100.1 up", with: "198.51.100.77 up")
            let inner = InnerPacket(source: Self.address(0), destination: Self.internet).octets
            let old = OuterPacketFields(source: Self.user, destination: Self.own)
            let new = OuterPacketFields(source: IPv4Address(198, 51, 100, 77), destination: Self.own)

            try scene.apply(moved)
            let down = try scene.fromUplink(Self.packet)
            let fromOld = try scene.fromLink(old.octets(around: inner))
            let fromNew = try scene.fromLink(new.octets(around: inner))

            guard case .forwarded(let octets) = down else {
                Issue.record("\(down)")
                return
            }
            #expect(Array(octets[16..<20]) == [198, 51, 100, 77])
            fromOld.expect(.otherEnds)
            fromNew.expect(nil)
        }
    }
}
