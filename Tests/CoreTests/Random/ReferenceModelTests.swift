import TestSupport
import Testing
import Wire

@testable import Core

/// The fast decision against the slow one, on packets and configurations that nobody chose.
@Suite("The forwarding decision") struct ReferenceModelTests {
    private static let packetsPerNetwork = 500

    @Test(arguments: RandomRun.parts)
    func isThatOfTheReferenceModel(_ seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var round = 0
        let rounds = RandomRun.rounds(usually: 50_000)
        while round < rounds {
            let bench = ModelBench(&generator)
            for _ in 0..<min(Self.packetsPerNetwork, rounds - round) {
                round += 1
                if let difference = bench.difference(&generator) {
                    Issue.record(
                        "SIXXS_SEED=\(RandomRun.seed), part \(seed), round \(round): \(difference)\n\(bench.text)"
                    )
                    return
                }
            }
        }
    }

    /// Every kind of decision must occur, or the comparison says little.
    @Test func isOfEveryKind() {
        var generator = SeededGenerator(seed: RandomRun.seed)
        var kinds: [String: Int] = [:]
        for _ in 0..<10 {
            let bench = ModelBench(&generator)
            for _ in 0..<300 {
                kinds[Self.name(bench.model.decide(bench.packet(&generator).model)), default: 0] += 1
            }
        }
        let expected = [
            "into a tunnel", "to the uplink", "to us", "1/0", "1/1", "1/3", "1/5", "2/0", "3/0",
            "impossibleSource",
            "spoofedSource", "ownSourceFromUplink", "impossibleDestination", "sameIngressAndEgress",
        ]

        for kind in expected { #expect(kinds[kind, default: 0] >= 5, "\(kind): \(kinds)") }
    }

    private static func name(_ decision: ReferenceModel.Decision) -> String {
        switch decision {
        case .intoTunnel: "into a tunnel"
        case .toUplink: "to the uplink"
        case .toUs: "to us"
        case .error(let type, let code, _, _): "\(type)/\(code)"
        case .dropped(let reason): reason
        }
    }
}

/// A PoP and a model of the same configuration, in the same state.
private final class ModelBench {
    let text: String
    let model: ReferenceModel
    private let network: RandomNetwork
    private let pop: TestPoP

    init(_ generator: inout SeededGenerator) {
        let network = RandomNetwork(using: &generator)
        let pop = TestPoP(network.text)
        let tunnels = network.tunnels.map { tunnel in
            let opens = Bool.random(using: &generator)
            return ReferenceModel.Tunnel(
                number: String(
                    IPv6Address(high: UInt64(tunnel.number), low: 0).digits.dropFirst(12).prefix(4)
                ),
                state: Self.state(of: tunnel, opens: opens, on: pop),
                mtu: tunnel.mtu
            )
        }
        self.network = network
        self.pop = pop
        self.text = network.text
        self.model = ReferenceModel(
            tunnelPrefix: String(IPv6Address(high: network.tunnelHigh, low: 0).digits.prefix(12)),
            subnetPrefixes: network.subnetPrefixes.map {
                String(IPv6Address(high: $0.high, low: 0).digits.prefix($0.length / 4))
            },
            tunnels: tunnels,
            subnets: network.subnets.map { subnet in
                let owner = IPv6Address(high: UInt64(subnet.owner), low: 0).digits.dropFirst(12).prefix(4)
                let digits = IPv6Address(high: subnet.high, low: 0).digits
                return (String(digits.prefix(subnet.length / 4)), String(owner))
            }
        )
    }

    private static func state(
        of tunnel: RandomNetwork.Tunnel,
        opens: Bool,
        on pop: TestPoP
    ) -> ReferenceModel.State {
        if tunnel.isDisabled { return .disabled }
        guard tunnel.isDynamic else { return .up }
        guard opens else { return .down }
        _ = pop.fromUnderlay(
            .ayiya(.noOperation, tid: tunnel.number, password: tunnel.password, from: tunnel.remote)
        )
        return .up
    }

    /// A packet, as the model and as the engine see it.
    func packet(
        _ generator: inout SeededGenerator
    ) -> (model: ReferenceModel.Packet, octets: [UInt8], Ingress) {
        let up = self.model.tunnels.indices.filter { self.model.tunnels[$0].state == .up }
        let place = Bool.random(using: &generator) ? up.randomElement(using: &generator) : nil
        let tunnel = place.map { self.network.tunnels[$0] }
        var source = self.network.randomAddress(&generator)
        if let tunnel, Int.random(in: 0..<4, using: &generator) > 0 {
            source = self.network.randomSource(of: tunnel.number, &generator)
        } else if tunnel == nil, Bool.random(using: &generator) {
            source = Plan.internet
        }
        let destination = self.network.randomAddress(&generator)
        let hopLimit = ([0, 1, 2, 64, 64, 64, 255] as [UInt8]).randomElement(using: &generator) ?? 64
        let octets = self.octets(source, destination, hopLimit, &generator)
        let model = ReferenceModel.Packet(
            source: source.digits,
            destination: destination.digits,
            hopLimit: Int(octets[7]),
            size: octets.count,
            ingress: place.map { self.model.tunnels[$0].number }
        )
        return (model, octets, tunnel.flatMap { TID(rawValue: $0.number) }.map(Ingress.tunnel) ?? .uplink)
    }

    private func octets(
        _ source: IPv6Address,
        _ destination: IPv6Address,
        _ hopLimit: UInt8,
        _ generator: inout SeededGenerator
    ) -> [UInt8] {
        // Link-local sources are for neighbour discovery alone.
        if source.isLinkLocalUnicast { return Packet.solicitation(source, destination, target: destination) }
        let size =
            Int.random(in: 0..<8, using: &generator) == 0
            ? Int.random(in: 1279...1482, using: &generator) : 40
        return Packet.ipv6(source, destination, hopLimit: hopLimit, [UInt8](repeating: 0, count: size - 40))
    }

    /// What the engine decides or does otherwise than the model, for one more packet; nil when they agree.
    func difference(_ generator: inout SeededGenerator) -> String? {
        let (packet, octets, ingress) = self.packet(&generator)
        let expected = self.model.decide(packet)
        if Int.random(in: 0..<8, using: &generator) == 0 {
            let outcome = self.send(octets, ingress)
            if !self.isRight(outcome, for: expected, octets, ingress) {
                return "\(packet): the model says \(expected), the engine did \(outcome)"
            }
        }
        let verdict = self.verdict(octets, ingress)
        let decided = verdict.map { ReferenceModel.Decision($0, plan: self.pop.engine.plan) }
        guard decided != expected else { return nil }
        return "\(packet): the model says \(expected), the engine \(String(describing: decided))"
    }

    // MARK: - The whole way

    /// Gives the engine a packet the way it comes from its ingress.
    private func send(_ octets: [UInt8], _ ingress: Ingress) -> Outcome {
        guard case .tunnel(let tid) = ingress,
            let tunnel = self.network.tunnels.first(where: { $0.number == tid.rawValue })
        else { return self.pop.fromUplink(octets) }
        guard tunnel.isDynamic else { return self.pop.fromUnderlay(.sixInFour(octets, from: tunnel.remote)) }
        let number = tunnel.number
        return self.pop.fromUnderlay(
            .ayiya(.forward, octets, tid: number, password: tunnel.password, from: tunnel.remote)
        )
    }

    private func isRight(
        _ outcome: Outcome,
        for decision: ReferenceModel.Decision,
        _ octets: [UInt8],
        _ ingress: Ingress
    ) -> Bool {
        let hops: UInt8 = ingress == .uplink ? 0 : 1
        switch decision {
        case .intoTunnel(let number):
            return outcome.fate == .forwarded && outcome.sent?.tunnel == UInt16(number, radix: 16)
                && outcome.sent?.inner == octets.with(octets[7] &- hops, at: 7)
        case .toUplink:
            return outcome.fate == .forwarded && outcome.sent?.isToUplink == true
                && outcome.sent?.octets == octets.with(octets[7] &- 1, at: 7)
        case .toUs: return outcome.fate != .forwarded
        case .dropped: return outcome.sent == nil && outcome.fate != .consumed
        case .error(let type, let code, let parameter, let source):
            guard let icmp = outcome.icmp else { return outcome.sent == nil && !Self.deservesAnswer(octets) }
            return outcome.fate == .answered && outcome.sent?.tunnel == ingress.tunnel?.rawValue
                && Int(icmp.type) == type && Int(icmp.code) == code && Int(icmp.parameter) == parameter
                && icmp.source.digits == source && icmp.destination == IPv6Address(octets: octets[8..<24])
        }
    }

    /// Whether an error may be sent about a packet: not to the anycast address of a tunnel's /64.
    private static func deservesAnswer(_ octets: [UInt8]) -> Bool {
        octets[16..<24].contains { $0 != 0 } && octets[24] != 0xff
    }

    private func verdict(_ octets: [UInt8], _ ingress: Ingress) -> Verdict? {
        do {
            let packet = try IPv6Packet(octets.span.bytes)
            return self.pop.engine.verdict(for: packet, from: ingress)
        } catch {
            return nil
        }
    }
}

extension ReferenceModel.Decision {
    /// The engine's verdict in the model's words.
    fileprivate init(_ verdict: Verdict, plan: AddressPlan) {
        switch verdict {
        case .encapsulate(let tid): self = .intoTunnel(Self.digits(of: tid))
        case .transmitToUplink: self = .toUplink
        case .deliver: self = .toUs
        case .drop(let reason): self = .dropped("\(reason)")
        case .reply(let error, let tid):
            let source = tid.map { plan.localAddress(of: $0) } ?? plan.daemonAddress
            self = .error(
                type: Int(error.type),
                code: Int(error.code),
                parameter: Int(error.parameter),
                from: source.digits
            )
        }
    }

    private static func digits(of tid: TID) -> String {
        String(IPv6Address(high: UInt64(tid.rawValue), low: 0).digits.dropFirst(12).prefix(4))
    }
}
