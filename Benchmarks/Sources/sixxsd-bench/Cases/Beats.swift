internal import Core
internal import Wire

/// What it costs to take a heartbeat: text is parsed and MD5 is of swift-crypto, so it allocates.
final class Beats {
    private static let operations = Arena.slots

    private var engine: Engine
    private let arena = Arena()
    private var lengths: [Int] = []
    private var outers: [OuterHeader] = []

    /// Makes an engine with all tunnels and beats for some of them.
    init() {
        let configuration = Fleet.configuration(.ayiya, tunnels: TID.capacity)
        self.engine = Engine(EngineConfiguration(configuration), seed: 5072, at: Fleet.now)
        for slot in 0..<Arena.slots {
            guard let tid = TID(rawValue: UInt16(slot * TID.capacity / Arena.slots)) else { continue }
            let beat = HeartbeatMessage.encode(
                identity: Fleet.remoteAddress(tid),
                sender: .source,
                epochTime: UInt64(Fleet.now.unixTime),
                password: TunnelPassword(Fleet.password(tid))
            )
            let head = beat + Array(repeating: 0, count: Arena.headSize - beat.count)
            head.withUnsafeBytes { self.arena.receive($0.baseAddress.unsafelyUnwrapped, slot: slot) }
            self.lengths.append(beat.count)
            let path = OuterPath(local: .ipv4(Fleet.popIPv4), remote: .ipv4(Fleet.userIPv4(tid)))
            self.outers.append(OuterHeader(path: path, trafficClass: 0))
        }
    }

    /// All beats, each accepted.
    var example: Case {
        Case("heartbeat", operations: Self.operations) {
            Self.receive(&self.engine, self.arena, self.lengths, self.outers)
        }
    }

    private static func receive(
        _ engine: inout Engine,
        _ arena: Arena,
        _ lengths: [Int],
        _ outers: [OuterHeader]
    ) {
        let consumed = engine.accounting.consumed
        for slot in lengths.indices {
            var buffer = arena.packet(slot: slot, count: lengths[slot])
            var spare = arena.packet(slot: slot &+ 1, count: 0)
            _ = engine.receiveFromUnderlay(
                &buffer,
                spare: &spare,
                as: .heartbeat,
                outers[slot],
                at: Fleet.now
            )
        }
        precondition(engine.accounting.consumed == consumed + UInt64(lengths.count))
    }
}
