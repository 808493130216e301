import CFastPath
import Core
import LinuxIO
import TestSupport
import Testing
import Wire

@testable import FastPath

/// Random packets and changes in a random network, each given to the programs and, if they forward it, to the engine.
private struct RandomTraffic {
    let network: RandomNetwork
    /// Those whose packets can be plain.
    private let plain: [RandomNetwork.Tunnel]

    init(using generator: inout SeededGenerator) {
        self.network = RandomNetwork(using: &generator)
        self.plain = self.network.tunnels.filter {
            $0.kind == .fixed4 || $0.kind == .fixed6 || $0.kind == .dynamic
        }
    }

    private static let own = IPv4Address(192, 0, 2, 1)
    private static let external = IPv6Address(high: 0x2001_0db8_ffff_0000, low: 0x10)

    private func tunnel(_ generator: inout SeededGenerator) -> RandomNetwork.Tunnel? {
        let all = Self.happens(onceIn: 8, &generator) ? self.network.tunnels : self.plain
        return all.randomElement(using: &generator) ?? self.network.tunnels.randomElement(using: &generator)
    }

    /// True once in so many times.
    private static func happens(onceIn count: Int, _ generator: inout SeededGenerator) -> Bool {
        Int.random(in: 0..<count, using: &generator) == 0
    }

    /// A packet that is mostly in order, between two addresses.
    private static func packet(
        _ source: IPv6Address,
        _ destination: IPv6Address,
        _ generator: inout SeededGenerator
    ) -> [UInt8] {
        var packet = InnerPacket(source: source, destination: destination)
        packet.size =
            [40, 41, 44, 52, 72, 72, 72, 1279, 1280, 1281, 1300, 1420, 1480, 1481, 1500]
            .randomElement(using: &generator) ?? 72
        packet.trafficClass = UInt8.random(in: .min ... .max, using: &generator)
        packet.flowLabel = UInt32.random(in: 0...0xf_ffff, using: &generator)
        packet.nextHeader = [6, 6, 17, 58, 59, 0, 44].randomElement(using: &generator) ?? 59
        packet.hopLimit = [64, 64, 64, 64, 64, 255, 2, 1, 0].randomElement(using: &generator) ?? 64
        packet.filling = UInt8.random(in: .min ... .max, using: &generator)
        var octets = packet.octets
        switch Int.random(in: 0..<60, using: &generator) {
        case 0: octets[0] = octets[0] & 0xf | UInt8.random(in: 0...15, using: &generator) << 4
        case 1: octets[5] = UInt8.random(in: .min ... .max, using: &generator)
        case 2: octets.append(0)
        case 3: octets.removeLast()
        case 4: octets.removeLast(octets.count - 40)
        case 5: octets[Int.random(in: 0..<40, using: &generator)] ^= 1
        default: break
        }
        return octets
    }

    /// Segments, mostly none.
    private static func segmentSize(_ generator: inout SeededGenerator) -> UInt32 {
        Self.happens(onceIn: 12, &generator) ? UInt32.random(in: 1...1500, using: &generator) : 0
    }

    private func userAddress(
        of tunnel: RandomNetwork.Tunnel,
        _ generator: inout SeededGenerator
    ) -> IPv6Address {
        Self.happens(onceIn: 6, &generator)
            ? self.network.randomAddress(&generator)
            : self.network.randomSource(of: tunnel.number, &generator)
    }

    private func externalAddress(_ generator: inout SeededGenerator) -> IPv6Address {
        Self.happens(onceIn: 6, &generator) ? self.network.randomAddress(&generator) : Self.external
    }

    func giveFromUplink(to scene: FastPathScene, _ generator: inout SeededGenerator) throws -> Bool {
        guard let tunnel = self.tunnel(&generator) else { return false }
        let packet = Self.packet(
            self.externalAddress(&generator),
            self.userAddress(of: tunnel, &generator),
            &generator
        )
        // Shorter ones the kernel does not try programs on.
        guard packet.count >= IPv6Packet.headerLength else { return false }
        return try scene.fromUplink(packet, segmentSize: Self.segmentSize(&generator)).isForwarded
    }

    func giveFromTunnel(to scene: FastPathScene, _ generator: inout SeededGenerator) throws -> Bool {
        guard let tunnel = self.tunnel(&generator) else { return false }
        guard case .ipv4(let remote) = tunnel.remote else {
            return try self.giveOverIPv6(from: tunnel, to: scene, &generator)
        }
        let inner = Self.packet(
            self.userAddress(of: tunnel, &generator),
            self.externalAddress(&generator),
            &generator
        )
        var outer = OuterPacketFields(source: remote, destination: Self.own)
        let gre = Self.isInGRE(tunnel, scene, &generator) ? Self.greHeader(&generator) : []
        if !gre.isEmpty { outer.protocolNumber = ProtocolNumber.gre }
        outer.trafficClass = UInt8.random(in: .min ... .max, using: &generator)
        outer.timeToLive = UInt8.random(in: .min ... .max, using: &generator)
        if Self.happens(onceIn: 20, &generator) { outer.source = IPv4Address(198, 51, 100, 200) }
        if Self.happens(onceIn: 40, &generator) { outer.destination = IPv4Address(192, 0, 2, 9) }
        var octets = outer.octets(around: gre + inner)
        var link = Ethernet.ipv4
        switch Int.random(in: 0..<60, using: &generator) {
        case 0: octets[0] = UInt8.random(in: .min ... .max, using: &generator)
        case 1: octets[11] ^= 1
        case 2:
            octets[Int.random(in: 6...7, using: &generator)] ^=
                1 << UInt8.random(in: 0...7, using: &generator)
        case 3: octets.append(0)
        case 4: octets[3] &+= 1
        case 5: octets[Int.random(in: 0..<20, using: &generator)] ^= 1
        case 6: link = Ethernet.elsewhere
        default: break
        }
        // Mostly the kernel would drop it otherwise.
        if octets[0] == 0x45, !Self.happens(onceIn: 60, &generator) { octets = octets.summed() }
        return try scene.fromLink(octets, segmentSize: Self.segmentSize(&generator), link: link).isForwarded
    }

    private static func local(toward remote: IPAddress) -> IPAddress {
        switch remote {
        case .ipv4: .ipv4(Self.own)
        case .ipv6: .ipv6(FastPathScene.own6)
        }
    }

    private func giveOverIPv6(
        from tunnel: RandomNetwork.Tunnel,
        to scene: FastPathScene,
        _ generator: inout SeededGenerator
    ) throws -> Bool {
        guard case .ipv6(let remote) = tunnel.remote else { return false }
        let inner = Self.packet(
            self.userAddress(of: tunnel, &generator),
            self.externalAddress(&generator),
            &generator
        )
        var outer = OuterIPv6Fields(source: remote, destination: FastPathScene.own6)
        let gre = Self.isInGRE(tunnel, scene, &generator) ? Self.greHeader(&generator) : []
        if !gre.isEmpty { outer.nextHeader = ProtocolNumber.gre }
        outer.trafficClass = UInt8.random(in: .min ... .max, using: &generator)
        outer.flowLabel = UInt32.random(in: 0...0xf_ffff, using: &generator)
        outer.hopLimit = UInt8.random(in: .min ... .max, using: &generator)
        var octets = outer.octets(around: gre + inner)
        var link = Ethernet.ipv6
        switch Int.random(in: 0..<60, using: &generator) {
        case 0: octets.append(0)
        case 1: octets[5] &+= 1
        case 2: link = Ethernet.elsewhere6
        case 3...9:
            octets[Int.random(in: 0..<40, using: &generator)] ^=
                1 << UInt8.random(in: 0...7, using: &generator)
        default: break
        }
        return try scene.fromIPv6Link(
            octets,
            segmentSize: Self.segmentSize(&generator),
            link: link
        ).isForwarded
    }

    /// Whether a packet is to be GRE: mostly as the tunnel's are.
    private static func isInGRE(
        _ tunnel: RandomNetwork.Tunnel,
        _ scene: FastPathScene,
        _ generator: inout SeededGenerator
    ) -> Bool {
        guard let tid = TID(rawValue: tunnel.number) else { return false }
        let isUsual = scene.programs.tables.terms(of: tid) >> 16 & UInt64(FAST_PATH_GRE) != 0
        return Self.happens(onceIn: 12, &generator) ? !isUsual : isUsual
    }

    /// A GRE header, mostly a plain one.
    private static func greHeader(_ generator: inout SeededGenerator) -> [UInt8] {
        let plain: [UInt8] = [0, 0, 0x86, 0xdd]
        switch Int.random(in: 0..<40, using: &generator) {
        case 0:
            // Checksum, key and sequence number, and room for as many as there are, mostly.
            let flags = UInt8.random(in: 0...15, using: &generator) << 4
            let count = Self.happens(onceIn: 4, &generator) ? 2 : (flags & 0xb0).nonzeroBitCount
            return [flags, 0, 0x86, 0xdd] + (0..<4 * count).map { _ in 7 }
        case 1:
            var header = plain
            header[Int.random(in: 0..<4, using: &generator)] ^=
                1 << UInt8.random(in: 0...7, using: &generator)
            return header
        default: return plain
        }
    }

    /// Changes something that decisions are made from.
    func change(_ scene: FastPathScene, _ generator: inout SeededGenerator) throws {
        guard let tunnel = self.tunnel(&generator), let tid = TID(rawValue: tunnel.number) else { return }
        switch Int.random(in: 0..<28, using: &generator) {
        case 0: try scene.apply(self.network.text + "pop set path-mtu static\n")
        case 1..<6: try scene.apply(self.network.text)
        case 6..<9:
            let isTraced = Self.happens(onceIn: 4, &generator)
            scene.change(tid) { engine, _ in engine.setTracing(of: tid, to: isTraced) }
        case 9:
            let least = Self.happens(onceIn: 4, &generator) ? 68 : 1350
            let mtu = Int.random(in: least...1500, using: &generator)
            scene.change(tid) { engine, now in engine.noteLinkMTU(mtu, of: tid, at: now) }
        case 10: self.switchToGRE(tunnel, tid, scene)
        case 11: scene.programs.tables.fallSilent()
        case 12..<20: self.beat(tunnel, tid, scene)
        case 24...: self.switchToGRE(tunnel, tid, scene)
        default: self.switchBack(tunnel, tid, scene)
        }
    }

    /// Brings all dynamic tunnels up.
    func begin(_ scene: FastPathScene) {
        for tunnel in self.plain where tunnel.isDynamic {
            if let tid = TID(rawValue: tunnel.number) { self.beat(tunnel, tid, scene) }
        }
    }

    /// Brings a dynamic tunnel up.
    private func beat(_ tunnel: RandomNetwork.Tunnel, _ tid: TID, _ scene: FastPathScene) {
        let datagram = HeartbeatMessage.encode(
            identity: IPv6Address(high: self.network.tunnelHigh | UInt64(tunnel.number), low: 2),
            sender: .source,
            epochTime: UInt64(FastPathScene.unixTime),
            password: TunnelPassword(tunnel.password)
        )
        self.give(datagram, as: .heartbeat, of: tunnel, tid, scene)
    }

    private func switchToGRE(_ tunnel: RandomNetwork.Tunnel, _ tid: TID, _ scene: FastPathScene) {
        self.give([0, 0, 0x86, 0xdd] + self.inner(of: tunnel), as: .gre, of: tunnel, tid, scene)
    }

    private func switchBack(_ tunnel: RandomNetwork.Tunnel, _ tid: TID, _ scene: FastPathScene) {
        self.give(self.inner(of: tunnel), as: .sixInFour, of: tunnel, tid, scene)
    }

    private func inner(of tunnel: RandomNetwork.Tunnel) -> [UInt8] {
        let source = IPv6Address(high: self.network.tunnelHigh | UInt64(tunnel.number), low: 2)
        return InnerPacket(source: source, destination: Self.external).octets
    }

    private func give(
        _ payload: [UInt8],
        as kind: OuterPayload,
        of tunnel: RandomNetwork.Tunnel,
        _ tid: TID,
        _ scene: FastPathScene
    ) {
        let path = OuterPath(
            local: Self.local(toward: tunnel.remote),
            remote: tunnel.remote,
            localPort: kind.localPort,
            remotePort: kind.localPort
        )
        let outer = OuterHeader(path: path, trafficClass: 0)
        scene.change(tid) { engine, now in
            _ = engine.run(payload) { engine, buffer, spare in
                engine.receiveFromUnderlay(&buffer, spare: &spare, as: kind, outer, at: now)
            }
        }
    }
}

extension FastPathScene.Outcome {
    var isForwarded: Bool {
        switch self {
        case .forwarded: true
        case .left: false
        }
    }
}

@Suite(
    "The fast path's programs and the engine",
    .enabled(if: NetworkNamespace.takesPrograms, NetworkNamespace.programRequirement)
)
struct FastPathDifferentialTests {
    private static let packetsOfANetwork = 1000

    /// What BPF_PROG_TEST_RUN can't show, which knows no VLANs and whose memory does not run out.
    ///
    /// Nor does anything wait: the daemon has done with a packet before the next comes.
    private static let notTested: Set<FastPathRefusal> = [.tagged, .lost, .waiting]

    /// What can become of packets of one direction only.
    private static let onlyIntoTunnels: Set<FastPathRefusal> = [
        .impossibleSource, .tooBig, .noNextHop, .narrowPath,
    ]
    private static let onlyOutOfTunnels: Set<FastPathRefusal> = [
        .impossibleDestination, .otherEnds, .otherHost, .options, .fragment, .checksum, .congestion,
        .otherKind, .oddGRE,
    ]

    @Test(arguments: RandomRun.parts)
    func doTheSameOrThatIsLeftAlone(seed: UInt64) throws {
        try NetworkNamespace.run {
            var generator = SeededGenerator(seed: seed)
            let scene = try FastPathScene(RandomTraffic(using: &generator).network.text)
            let rounds = RandomRun.rounds(usually: 100_000) / Self.packetsOfANetwork
            var forwarded = (down: 0, up: 0)
            for _ in 0..<rounds { try Self.run(scene, &forwarded, &generator) }

            // Else nothing was tested.
            let packets = rounds * Self.packetsOfANetwork / 2
            #expect(forwarded.down > packets / 10, "\(forwarded)")
            #expect(forwarded.up > packets / 10, "\(forwarded)")
            for direction in FastPathDirection.allCases {
                #expect(scene.forwardedOverIPv6[direction] ?? 0 > packets / 100, "\(direction)")
                #expect(
                    scene.forwardedGRE[direction] ?? 0 > packets / 100,
                    "\(direction) \(scene.forwardedGRE)"
                )
            }
            Self.expectEachRefusal(scene)
            scene.expectNothingElseCounted()
        }
    }

    private static func run(
        _ scene: FastPathScene,
        _ forwarded: inout (down: Int, up: Int),
        _ generator: inout SeededGenerator
    ) throws {
        let traffic = RandomTraffic(using: &generator)
        try scene.restart(traffic.network.text, seed: generator.next())
        traffic.begin(scene)
        for number in 0..<Self.packetsOfANetwork {
            if number % 25 == 24 {
                scene.programs.tables.sayAlive(at: MonotonicClock.now())
                try traffic.change(scene, &generator)
            }
            if number % 2 == 0 {
                if try traffic.giveFromUplink(to: scene, &generator) { forwarded.down += 1 }
            } else {
                if try traffic.giveFromTunnel(to: scene, &generator) { forwarded.up += 1 }
            }
        }
        scene.compareCounters()
    }

    private static func expectEachRefusal(_ scene: FastPathScene) {
        for refusal in FastPathRefusal.allCases where !Self.notTested.contains(refusal) {
            let counts = FastPathDirection.allCases.map { scene.programs.tables.count(of: refusal, $0) }
            #expect(counts[0] > 0 || Self.onlyOutOfTunnels.contains(refusal), "\(refusal) into tunnels")
            #expect(counts[1] > 0 || Self.onlyIntoTunnels.contains(refusal), "\(refusal) out of tunnels")
        }
    }
}
