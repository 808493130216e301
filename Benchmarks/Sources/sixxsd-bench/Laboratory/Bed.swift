internal import Core
internal import Wire

/// An engine, packets for it and the slots that they are received in.
final class Bed {
    private var engine: Engine
    private let traffic: Traffic
    private let arena = Arena()

    /// Makes an engine and, with AYIYA, brings its tunnels up.
    init(_ kind: Fleet.Kind, tunnels: Int, subnetPrefixes: Int = 1, _ traffic: Traffic) {
        let configuration = Fleet.configuration(kind, tunnels: tunnels, subnetPrefixes: subnetPrefixes)
        self.engine = Engine(EngineConfiguration(configuration), seed: 5072, at: Fleet.now)
        self.traffic = traffic
        guard kind == .ayiya else { return }
        let beats = Traffic(.tunnelToUplink, .ayiya, innerLength: 100, tunnels: tunnels, packets: tunnels)
        Self.receiveAYIYA(&self.engine, beats, self.arena, .uplink)
    }

    /// How many operations a batch has.
    var operations: Int { self.traffic.packets }

    /// Has decisions about a tunnel written down.
    func trace(_ tid: TID) { self.engine.setTracing(of: tid, to: true) }

    // MARK: - Batches

    /// Only puts each packet in its slot: what is taken off the other batches' times.
    func receiveOnly() { Self.receiveOnly(self.traffic, self.arena) }

    /// Decides the fate of each packet; each must be as expected.
    func decide(_ expected: Scene.Outcome) {
        switch self.traffic.isFromTunnels {
        case true: Self.decideFromTunnels(self.engine, self.traffic, expected)
        case false: Self.decideFromUplink(self.engine, self.traffic, expected)
        }
    }

    /// Takes each packet from the side that it belongs to.
    func pass(_ expected: Scene.Outcome) {
        switch self.traffic.outer {
        case .none: Self.receiveFromUplink(&self.engine, self.traffic, self.arena, expected)
        case .ipv4: Self.receiveRawIPv4(&self.engine, self.traffic, self.arena, expected)
        case .ayiya: Self.receiveAYIYA(&self.engine, self.traffic, self.arena, expected)
        }
    }
}

extension Bed {
    // Static, so that the engine is taken out of the object once a batch and not once a packet.

    @inline(never)
    private static func receiveOnly(_ traffic: Traffic, _ arena: Arena) {
        var octets = 0
        for number in 0..<traffic.packets {
            arena.receive(traffic.head(number), slot: number)
            let buffer = arena.packet(slot: number, count: traffic.count)
            octets &+= buffer.count
        }
        precondition(octets == traffic.packets * traffic.count)
    }

    @inline(never)
    private static func decideFromUplink(
        _ engine: borrowing Engine,
        _ traffic: Traffic,
        _ expected: Scene.Outcome
    ) {
        var good = 0
        for number in 0..<traffic.packets {
            guard let packet = try? IPv6Packet(traffic.bytes(number)) else { continue }
            good &+= expected.isMet(by: engine.verdict(for: packet, from: .uplink)) ? 1 : 0
        }
        precondition(good == traffic.packets)
    }

    @inline(never)
    private static func decideFromTunnels(
        _ engine: borrowing Engine,
        _ traffic: Traffic,
        _ expected: Scene.Outcome
    ) {
        var good = 0
        for number in 0..<traffic.packets {
            guard let packet = try? IPv6Packet(traffic.bytes(number)) else { continue }
            let verdict = engine.verdict(for: packet, from: .tunnel(traffic.tids[number]))
            good &+= expected.isMet(by: verdict) ? 1 : 0
        }
        precondition(good == traffic.packets)
    }

    @inline(never)
    private static func receiveFromUplink(
        _ engine: inout Engine,
        _ traffic: Traffic,
        _ arena: Arena,
        _ expected: Scene.Outcome
    ) {
        var good = 0
        for number in 0..<traffic.packets {
            arena.receive(traffic.head(number), slot: number)
            var buffer = arena.packet(slot: number, count: traffic.count)
            var spare = arena.packet(slot: number &+ 1, count: 0)
            let output = engine.receiveFromUplink(&buffer, spare: &spare, at: Fleet.now)
            good &+= expected.isMet(by: output) ? 1 : 0
        }
        precondition(good == traffic.packets)
    }

    @inline(never)
    private static func receiveRawIPv4(
        _ engine: inout Engine,
        _ traffic: Traffic,
        _ arena: Arena,
        _ expected: Scene.Outcome
    ) {
        var good = 0
        for number in 0..<traffic.packets {
            arena.receive(traffic.head(number), slot: number)
            var buffer = arena.packet(slot: number, count: traffic.count)
            var spare = arena.packet(slot: number &+ 1, count: 0)
            let output = engine.receiveRawIPv4(&buffer, spare: &spare, at: Fleet.now)
            good &+= expected.isMet(by: output) ? 1 : 0
        }
        precondition(good == traffic.packets)
    }

    @inline(never)
    private static func receiveAYIYA(
        _ engine: inout Engine,
        _ traffic: Traffic,
        _ arena: Arena,
        _ expected: Scene.Outcome
    ) {
        var good = 0
        for number in 0..<traffic.packets {
            arena.receive(traffic.head(number), slot: number)
            var buffer = arena.packet(slot: number, count: traffic.count)
            var spare = arena.packet(slot: number &+ 1, count: 0)
            let outer = Fleet.ayiyaOuter(traffic.tids[number])
            let output = engine.receiveFromUnderlay(&buffer, spare: &spare, as: .ayiya, outer, at: Fleet.now)
            good &+= expected.isMet(by: output) ? 1 : 0
        }
        precondition(good == traffic.packets)
    }
}

extension Scene.Outcome {
    /// Whether the verdict leads where the packet should go.
    @inline(__always)
    fileprivate func isMet(by verdict: Verdict) -> Bool {
        switch (self, verdict) {
        case (.underlay, .encapsulate), (.uplink, .transmitToUplink), (.nothing, .drop): true
        default: false
        }
    }

    /// Whether the engine wants the packet sent where it should go.
    @inline(__always)
    fileprivate func isMet(by output: Output) -> Bool {
        switch (self, output.packet) {
        case (.underlay, .underlay), (.uplink, .uplink), (.nothing, .none): true
        default: false
        }
    }
}
