internal import Core
internal import Wire

/// What it costs to find whose packet an ICMP error is about, where all tunnels are behind one address and the error quotes
/// no more than ports.
final class RouterErrors {
    private static let operations = Arena.slots
    private static let firstPort = 40_000
    private static let length = ICMPv4Message.headerLength + IPv4Packet.minimumHeaderLength + 8

    private var engine: Engine
    private let arena = Arena()
    private let outer = OuterHeader(
        path: OuterPath(local: .ipv4(Fleet.popIPv4), remote: .ipv4(Fleet.strangerIPv4)),
        trafficClass: 0
    )

    /// Makes an engine, brings some tunnels up, and makes errors about packets of theirs.
    init(tunnels: Int) {
        let configuration = Fleet.configuration(.ayiya, tunnels: tunnels)
        self.engine = Engine(EngineConfiguration(configuration), seed: 5072, at: Fleet.now)
        let beats = Traffic(.tunnelToUplink, .ayiya, innerLength: 100, tunnels: tunnels, packets: tunnels)
        Self.bringUp(&self.engine, beats, self.arena)
        for slot in 0..<Arena.slots {
            guard let tid = TID(rawValue: UInt16(slot * tunnels / Arena.slots)) else { continue }
            let head = Self.error(about: tid)
            head.withUnsafeBytes { self.arena.receive($0.baseAddress.unsafelyUnwrapped, slot: slot) }
        }
    }

    private static func bringUp(_ engine: inout Engine, _ beats: Traffic, _ arena: Arena) {
        for number in 0..<beats.packets {
            arena.receive(beats.head(number), slot: number)
            var buffer = arena.packet(slot: number, count: beats.count)
            var spare = arena.packet(slot: number &+ 1, count: 0)
            let outer = OuterHeader(path: Self.path(of: beats.tids[number]), trafficClass: 0)
            _ = engine.receiveFromUnderlay(&buffer, spare: &spare, as: .ayiya, outer, at: Fleet.now)
        }
    }

    private static func path(of tid: TID) -> OuterPath {
        OuterPath(
            local: .ipv4(Fleet.popIPv4),
            remote: .ipv4(Fleet.strangerIPv4),
            localPort: AYIYAPacket.port,
            remotePort: UInt16(Self.firstPort + Int(tid.rawValue))
        )
    }

    /// Host unreachable, with what stood at the beginning of a datagram of a tunnel's.
    private static func error(about tid: TID) -> [UInt8] {
        var octets = [UInt8](repeating: 0, count: Arena.headSize)
        var span = octets.mutableSpan
        var bytes = span.mutableBytes
        let path = Self.path(of: tid)
        let quoted = ICMPv4Message.headerLength
        IPv4Header(
            totalLength: 200,
            timeToLive: 60,
            protocolNumber: ProtocolNumber.udp,
            source: Fleet.popIPv4,
            destination: Fleet.strangerIPv4
        ).encode(into: &bytes, at: quoted)
        UDPHeader.encodeWithoutChecksum(
            into: &bytes,
            at: quoted + IPv4Packet.minimumHeaderLength,
            payloadLength: 172,
            ports: (path.localPort, path.remotePort)
        )
        ICMPv4Message.encodeHeader(
            into: &bytes,
            at: 0,
            type: 3,
            code: 1,
            bodyLength: Self.length - ICMPv4Message.headerLength
        )
        return octets
    }

    /// All errors, each about another tunnel.
    static func ofManyBehindOneAddress() -> Case {
        let errors = RouterErrors(tunnels: TID.capacity)
        return Case("ICMPv4 error, 8192 AYIYA users behind one address", operations: Self.operations) {
            Self.receive(&errors.engine, errors.arena, errors.outer)
        }
    }

    private static func receive(_ engine: inout Engine, _ arena: Arena, _ outer: OuterHeader) {
        let consumed = engine.accounting.consumed
        for slot in 0..<Arena.slots {
            var buffer = arena.packet(slot: slot, count: Self.length)
            var spare = arena.packet(slot: slot &+ 1, count: 0)
            _ = engine.receiveFromUnderlay(&buffer, spare: &spare, as: .icmpv4, outer, at: Fleet.now)
        }
        precondition(engine.accounting.consumed == consumed + UInt64(Arena.slots))
    }
}
