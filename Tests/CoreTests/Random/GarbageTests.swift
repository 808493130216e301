import TestSupport
import Testing
import Wire

@testable import Core

/// Random and mutated packets of all kinds, at random times, against configurations that nobody chose.
@Suite("Garbage") struct GarbageTests {
    private static let packetsPerNetwork = 2500

    @Test(arguments: RandomRun.parts)
    func isTakenOrRefusedAndMovesNothing(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed &* 0x9e37_79b9)
        var round = 0
        let rounds = RandomRun.rounds(usually: 100_000)
        while round < rounds {
            let bench = GarbageBench(&generator)
            for _ in 0..<min(Self.packetsPerNetwork, rounds - round) {
                round += 1
                if let complaint = bench.complaint(&generator) {
                    let seeds = "SIXXS_SEED=\(RandomRun.seed), part \(seed), round \(round)"
                    Issue.record("\(seeds): \(complaint)\n\(bench.text)")
                    return
                }
            }
        }
    }

    /// The generator must get through to every kind of fate, or the test says little.
    @Test func meetsEveryFate() {
        var generator = SeededGenerator(seed: RandomRun.seed)
        var fates: Set<String> = []
        for _ in 0..<12 {
            let bench = GarbageBench(&generator)
            for _ in 0..<300 {
                _ = bench.complaint(&generator)
                if let fate = bench.lastFate { fates.insert("\(fate)") }
            }
        }

        for fate in ["forwarded", "answered", "consumed"] { #expect(fates.contains(fate), "\(fates)") }
        #expect(fates.count >= 20, "\(fates)")
    }
}

/// A PoP under fire, and what must be true of it after each packet.
private final class GarbageBench {
    let text: String
    private(set) var lastFate: Fate?
    private let network: RandomNetwork
    private let pop: TestPoP
    private let tids: [TID]
    private var paths: [OuterPath?]
    private let hosts: [IPAddress]

    init(_ generator: inout SeededGenerator) {
        self.network = RandomNetwork(using: &generator)
        self.text = self.network.text
        self.pop = TestPoP(self.text, seed: generator.next())
        self.tids = self.network.tunnels.compactMap { TID(rawValue: $0.number) }
        self.paths = self.tids.map { _ in nil }
        self.hosts =
            self.network.tunnels.map(\.remote)
            + ["203.0.113.1", "203.0.113.2", "2001:db8:beef::99", "2001:db8:2ff::2"].map { ip($0) }
        self.notePaths()
    }

    private func notePaths() {
        self.pop.engine.tables.catchUp()
        for index in self.tids.indices {
            self.paths[index] = self.pop.engine.tables.forwarding.tunnels[self.tids[index]].session.path
        }
    }

    /// Sends one more packet; says what is wrong afterwards, or nil.
    func complaint(_ generator: inout SeededGenerator) -> String? {
        self.passTime(&generator)
        let kind = Int.random(in: 0..<8, using: &generator)
        let isIntact = Int.random(in: 0..<4, using: &generator) == 0
        let outcome: Outcome
        var isSigned = false
        switch kind {
        case 0:
            outcome = self.pop.fromUplink(self.spoilt(self.inner(&generator), unless: isIntact, &generator))
        case 1:
            outcome = self.pop.fromRawIPv4(
                self.spoilt(self.rawIPv4(&generator), unless: isIntact, &generator)
            )
        default:
            var packet = self.outer(kind, &generator)
            isSigned = isIntact && (packet.kind == .ayiya || packet.kind == .heartbeat)
            packet.payload = self.spoilt(packet.payload, unless: isIntact, &generator)
            outcome = self.pop.fromUnderlay(packet)
        }
        self.lastFate = outcome.fate
        return self.complaint(about: outcome, isSigned: isSigned)
    }

    /// Sometimes nothing, sometimes seconds, sometimes minutes; the wall clock may step.
    private func passTime(_ generator: inout SeededGenerator) {
        switch Int.random(in: 0..<200, using: &generator) {
        case 0:
            self.pop.advance(seconds: 400)
            _ = self.pop.engine.expireTunnels(at: self.pop.now)
        case 1: self.pop.now.unixTime += Int64.random(in: -7200...7200, using: &generator)
        case 2:
            self.pop.advance(seconds: 1)
            _ = self.pop.probes()
        case 3..<60: self.pop.advance(seconds: 1)
        default: self.pop.now.monotonic += UInt64.random(in: 0...50_000_000, using: &generator)
        }
    }

    // MARK: - Packets

    private func spoilt(
        _ octets: [UInt8],
        unless isIntact: Bool,
        _ generator: inout SeededGenerator
    ) -> [UInt8] {
        if isIntact { return octets }
        var mutator = Mutator(seed: generator.next(), samples: [octets])
        let mutant = mutator.next()
        // A mutation that hits nothing, or that only adds the newline that heartbeats may have, is none.
        var trimmed = mutant
        while let last = trimmed.last, last == 0x0a || last == 0x0d { trimmed.removeLast() }
        return mutant == octets || trimmed == octets ? [] : mutant
    }

    private func inner(_ generator: inout SeededGenerator) -> [UInt8] {
        let source: IPv6Address =
            if let tunnel = self.network.tunnels.randomElement(using: &generator),
                Bool.random(using: &generator)
            {
                self.network.randomSource(of: tunnel.number, &generator)
            } else {
                self.network.randomAddress(&generator)
            }
        return self.inner(from: source, &generator)
    }

    private func inner(from source: IPv6Address, _ generator: inout SeededGenerator) -> [UInt8] {
        let destination = self.network.randomAddress(&generator)
        let hopLimit = ([0, 1, 2, 64, 255] as [UInt8]).randomElement(using: &generator) ?? 64
        switch Int.random(in: 0..<8, using: &generator) {
        case 0: return Packet.ping(source, destination)
        case 1: return Packet.solicitation(source, destination, target: destination)
        case 2:
            let type = UInt8.random(in: .min ... .max, using: &generator)
            return Packet.icmp(source, destination, type: type, body: generator.octets(24))
        case 3:
            let next = ([0, 43, 44, 51, 60, 58] as [UInt8]).randomElement(using: &generator) ?? 60
            return Packet.ipv6(
                source,
                destination,
                nextHeader: next,
                octets("3a00 0104 00000000 8000000000000000")
            )
        case 4 where Int.random(in: 0..<8, using: &generator) == 0:
            return Packet.udp(source, destination, size: 1300, hopLimit: hopLimit)
        default:
            let trafficClass = UInt8.random(in: 0...3, using: &generator)
            return Packet.udp(source, destination, size: 50, hopLimit: hopLimit, trafficClass: trafficClass)
        }
    }

    private func outer(_ kind: Int, _ generator: inout SeededGenerator) -> OuterPacket {
        let host = self.hosts.randomElement(using: &generator) ?? Plan.home
        let tunnel = self.network.tunnels.randomElement(using: &generator)
        let remote = Bool.random(using: &generator) ? host : tunnel?.remote ?? host
        let source = tunnel.map { self.network.randomSource(of: $0.number, &generator) } ?? Plan.internet
        let trafficClass = UInt8.random(in: 0...3, using: &generator)
        switch kind {
        case 2:
            return OuterPacket.sixInFour(self.inner(from: source, &generator), from: remote).marked(
                trafficClass
            )
        case 3:
            return OuterPacket.gre(self.inner(from: source, &generator), from: remote).marked(trafficClass)
        case 4: return self.heartbeat(tunnel, from: remote, &generator)
        case 5: return self.icmp(from: remote, &generator)
        default: return self.ayiya(tunnel, from: remote, self.inner(from: source, &generator), &generator)
        }
    }

    private func heartbeat(
        _ tunnel: RandomNetwork.Tunnel?,
        from remote: IPAddress,
        _ generator: inout SeededGenerator
    ) -> OuterPacket {
        let time = self.pop.now.unixTime + Int64.random(in: -130...130, using: &generator)
        return .heartbeat(
            tid: tunnel?.number ?? 0,
            sender: Bool.random(using: &generator) ? .source : .address(remote),
            time: time,
            password: tunnel?.password ?? "x",
            from: remote
        )
    }

    private func ayiya(
        _ tunnel: RandomNetwork.Tunnel?,
        from remote: IPAddress,
        _ inner: [UInt8],
        _ generator: inout SeededGenerator
    ) -> OuterPacket {
        let opcode = AYIYAOpcode(rawValue: UInt8.random(in: 0...4, using: &generator)) ?? .forward
        return .ayiya(
            opcode,
            opcode == .noOperation ? [] : inner,
            tid: tunnel?.number ?? 0,
            time: self.pop.now.unixTime + Int64.random(in: -130...130, using: &generator),
            password: tunnel?.password ?? "x",
            from: remote,
            port: UInt16.random(in: 40000...40003, using: &generator)
        ).marked(UInt8.random(in: 0...3, using: &generator))
    }

    /// ICMP messages from routers about packets that we may have sent.
    private func icmp(from remote: IPAddress, _ generator: inout SeededGenerator) -> OuterPacket {
        let mtu = UInt32.random(in: 0...1500, using: &generator)
        let about = self.tids.randomElement(using: &generator).flatMap {
            self.pop.engine.tables.forwarding.tunnels[$0].session.path
        }
        let quoted = about.map { Self.quotation(along: $0) } ?? generator.octets(40)
        switch remote {
        case .ipv4:
            let type = ([0, 3, 3, 8, 11] as [UInt8]).randomElement(using: &generator) ?? 3
            return .icmpv4(type: type, code: 4, parameter: mtu, quoted, from: remote)
        case .ipv6:
            let type = ([1, 2, 2, 3, 129] as [UInt8]).randomElement(using: &generator) ?? 2
            return .icmpv6(type: type, parameter: mtu, quoted, from: remote)
        }
    }

    private static func quotation(along path: OuterPath) -> [UInt8] {
        let inner = Packet.udp(Plan.internet, Plan.them(0), size: 60)
        return OuterPacket.quotation(along: path, protocolNumber: ProtocolNumber.ipv6, inner, size: 1400)
    }

    private func rawIPv4(_ generator: inout SeededGenerator) -> [UInt8] {
        let tunnel = self.network.tunnels.randomElement(using: &generator)
        let source = tunnel.map { self.network.randomSource(of: $0.number, &generator) } ?? Plan.internet
        let inner = self.inner(from: source, &generator)
        let isGRE = Bool.random(using: &generator)
        let payload = isGRE ? octets("000086dd") + inner : inner
        guard case .ipv4(let remote) = tunnel?.remote, case .ipv4(let local) = Plan.popIPv4 else {
            return payload
        }
        let header = IPv4Header(
            totalLength: UInt16(20 + payload.count),
            timeToLive: 60,
            protocolNumber: isGRE ? ProtocolNumber.gre : ProtocolNumber.ipv6,
            source: remote,
            destination: local
        )
        return written(20, before: payload) { header.encode(into: &$0, at: 0) }
    }

    // MARK: - What must hold

    private func complaint(about outcome: Outcome, isSigned: Bool) -> String? {
        self.pop.engine.tables.catchUp()
        if case .unbalanced(let how) = outcome.fate { return how }
        guard self.pop.engine.accounting.isBalanced else { return "not balanced" }
        for sent in [outcome.sent, outcome.spare].compactMap(\.self) {
            if let complaint = self.complaint(about: sent) { return "\(complaint): \(sent)" }
        }
        return self.complaintAboutPaths(isSigned: isSigned)
    }

    /// Endpoints move by signed packets only, and those of static tunnels not at all.
    private func complaintAboutPaths(isSigned: Bool) -> String? {
        for (index, tunnel) in self.network.tunnels.enumerated() {
            let path = self.pop.engine.tables.forwarding.tunnels[self.tids[index]].session.path
            guard path != self.paths[index] else { continue }
            let isSame = path?.remote == self.paths[index]?.remote
            guard tunnel.isDynamic ? isSigned && !tunnel.isDisabled : isSame else {
                return
                    "tunnel \(tunnel.number) moved from \(String(describing: self.paths[index])) to \(String(describing: path))"
            }
        }
        self.notePaths()
        return nil
    }

    /// What goes to the native side comes from a tunnel's own address, or from us; what goes out is sound.
    private func complaint(about sent: Transmitted) -> String? {
        guard sent.isToUplink else {
            let isSound = (try? OuterPacket(wholePacket: sent.octets)) != nil
            return isSound || Self.isFragment(sent.octets) ? nil : "not a sound outer packet"
        }
        guard sent.octets.count >= 40, sent.octets.count == 40 + Int(sent.octets.word(at: 4) ?? 0) else {
            return "not an IPv6 packet"
        }
        switch self.pop.engine.plan.owner(of: IPv6Address(octets: sent.octets[8..<24])) {
        case .remote(let tid), .routed(let tid):
            return !sent.isOwn && self.pop.engine.tables.forwarding.entries[tid].condition == .up
                ? nil : "from a dead tunnel"
        case .local, .daemon: return sent.isOwn ? nil : "from us though it is not ours"
        default: return "from an address that is nobody's"
        }
    }

    private static func isFragment(_ octets: [UInt8]) -> Bool {
        switch octets.first.map({ $0 >> 4 }) {
        case 4: (octets.word(at: 6) ?? 0) & 0x3fff != 0
        case 6: octets.count > 6 && octets[6] == ProtocolNumber.fragment
        default: false
        }
    }
}
