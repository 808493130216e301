import CLinux
import Core
import FastPath
import Glibc
import LinuxIO
import TestSupport
import Testing
import Wire

@testable import LinuxIO

/// The kernel's programs and an engine that packets pass one after the other, in a network namespace with a next hop.
final class FastPathScene {
    /// Where the next hop is, which knows the way to all users.
    private static let gateway = IPv4Address(192, 0, 2, 2)
    private static let own = IPv4Address(192, 0, 2, 1)

    /// Users there are out of reach.
    static let unreachable = IPv4Address(198, 51, 1, 0)
    /// What goes there may have no more than 1300 octets.
    static let narrow = IPv4Address(198, 51, 16, 0)
    static let narrowMTU: UInt32 = 1300

    private static let gateway6 = IPv6Address(high: 0x2001_0db8_0042_0000, low: 2)
    static let own6 = IPv6Address(high: 0x2001_0db8_0042_0000, low: 1)

    /// The same over IPv6.
    static let unreachable6 = IPv6Address(high: 0x2001_0db8_beef_0001, low: 1)
    static let narrow6 = IPv6Address(high: 0x2001_0db8_beef_0010, low: 1)
    static let narrowMTU6: UInt32 = 1340

    private var netlink: RouteNetlink
    /// The tunnels of the configuration.
    private var configured: [TID]
    private let device: UInt32
    let programs: FastPathPrograms
    var engine: Engine
    /// What the engine saw without the programs.
    private var elsewhere: [TID: TrafficCounters] = [:]
    /// What the programs had counted when the configuration began.
    private var counted: [TID: TrafficCounters] = [:]
    /// The tunnels of which anything may have been counted.
    private var everCounted: Set<TID> = []

    /// Loads the programs; to be called in a namespace.
    init(_ text: String, seed: UInt64 = 1) throws {
        var netlink = try RouteNetlink()
        let cable = try Cable(&netlink)
        try netlink.addIPv4Address(Self.own, to: cable.near)
        try netlink.addIPv4Route(to: IPv4Address(0), prefixLength: 0, via: Self.gateway)
        try netlink.addIPv4Route(to: Self.unreachable, kind: RTN_UNREACHABLE)
        // Only one that is locked does the kernel tell programs.
        try netlink.addIPv4Route(
            to: Self.narrow,
            via: Self.gateway,
            mtu: Self.narrowMTU,
            locksMTU: true
        )
        try netlink.addNeighbour(Self.gateway, [2, 0, 0, 0, 0, 2], on: cable.near)
        try Self.layIPv6(cable, &netlink)
        for version in ["ipv4", "ipv6"] {
            try Sysctl.set(Sysctl.Name("net", version, "conf", cable.near.name, "forwarding"), to: "1")
        }
        self.netlink = netlink
        self.configured = try Self.tids(text)
        self.device = cable.near.index
        self.programs = try FastPathPrograms(linkHeader: UInt32(Ethernet.headerLength))
        self.engine = Engine(try Self.configuration(text), seed: seed, at: Self.now)
        self.engine.tracksPlainTunnels = true
        self.replace()
    }

    private static func layIPv6(_ cable: Cable, _ netlink: inout RouteNetlink) throws {
        try netlink.addAddress(Self.own6, prefixLength: 64, to: cable.near)
        let anywhere = IPv6Prefix(containing: .unspecified, length: 0)
        try netlink.addIPv6Route(to: anywhere, via: Self.gateway6, through: cable.near)
        let unreachable = IPv6Prefix(containing: Self.unreachable6, length: 64)
        try netlink.addIPv6Route(to: unreachable, kind: RTN_UNREACHABLE)
        try netlink.addIPv6Route(
            to: IPv6Prefix(containing: Self.narrow6, length: 64),
            via: Self.gateway6,
            through: cable.near,
            mtu: Self.narrowMTU6,
            locksMTU: true
        )
        try netlink.addNeighbour(Self.gateway6, [2, 0, 0, 0, 0, 2], on: cable.near)
    }

    private static func configuration(_ text: String) throws -> EngineConfiguration {
        EngineConfiguration(try Configuration(parsing: text, file: "test.conf"))
    }

    private static func tids(_ text: String) throws -> [TID] {
        try Configuration(parsing: text, file: "test.conf").tunnels.map(\.tid)
    }

    static let unixTime: Int64 = 1_234_567_890

    private static let longTime: UInt64 = 600_000_000_000

    /// How far the kernel's coarse clock may be behind, in nanoseconds.
    private static let tick: UInt64 = 10_000_000

    static var now: Timestamp {
        Timestamp(monotonic: MonotonicClock.now(), unixTime: Self.unixTime)
    }

    // MARK: - What is forwarded by

    /// Begins anew, with another configuration in another engine.
    func restart(_ text: String, seed: UInt64) throws {
        self.configured = try Self.tids(text)
        self.engine = Engine(try Self.configuration(text), seed: seed, at: Self.now)
        self.engine.tracksPlainTunnels = true
        self.replace()
        self.elsewhere = [:]
        for tid in self.everCounted { self.counted[tid] = self.programs.tables.traffic(of: tid) }
    }

    /// Has the engine take another configuration over, and tells the programs.
    func apply(_ text: String) throws {
        self.configured = try Self.tids(text)
        _ = self.engine.apply(try Self.configuration(text), at: Self.now)
        self.replace()
    }

    private func replace() {
        let now = Self.now
        let changes = self.engine.plainChanges
        self.engine.plainChanges.clear()
        let tids = changes.isEverything ? nil : changes.tids
        // Each error that is thrown in a test has a backtrace collected, and most tunnels would throw that they are not there.
        let configured = Set(self.configured)
        self.programs.tables.replace(self.engine.plan, device: self.device, changing: tids) {
            configured.contains($0) ? try? PlainTunnel(of: $0, &self.engine, at: now) : nil
        }
        // The machine may be busy with other tests: it is about packets, and no silence is wanted.
        self.programs.tables.sayAlive(at: now.monotonic + Self.longTime)
    }

    /// Does something to a tunnel that only the engine sees, and tells the programs what came of it.
    func change(_ tid: TID, _ body: (inout Engine, Timestamp) -> Void) {
        let now = Self.now
        let before = self.engine.snapshot(of: tid, at: now).traffic
        body(&self.engine, now)
        let after = self.engine.snapshot(of: tid, at: now).traffic
        var traffic = self.elsewhere[tid] ?? TrafficCounters()
        traffic.add(after.since(before))
        self.elsewhere[tid] = traffic
        self.programs.tables.update(tid, to: try? PlainTunnel(of: tid, &self.engine, at: now))
    }

    /// Gives a packet that a link brought to the engine alone, as the daemon gets one that was left to it.
    func give(_ packet: [UInt8], of tid: TID) {
        self.change(tid) { engine, now in
            _ = engine.run(packet) { engine, buffer, spare in
                engine.receiveRawIPv4(&buffer, spare: &spare, at: now)
            }
        }
    }

    // MARK: - Packets

    /// What became of a packet.
    enum Outcome: Equatable {
        /// The program left it to the daemon; for no reason that is counted where it was no 6in4.
        case left(FastPathRefusal?)
        /// Program and engine made the same of it.
        case forwarded([UInt8])

        /// Records an issue unless it was forwarded, or left for the reason that is given.
        func expect(_ refusal: FastPathRefusal?) {
            switch (self, refusal) {
            case (.forwarded, nil): break
            case (.left(let reason), let refusal?): #expect(reason == refusal)
            case (.forwarded, let refusal?): Issue.record("forwarded instead of left alone: \(refusal)")
            case (.left(let reason), nil): Issue.record("left alone: \(reason.map { "\($0)" } ?? "no 6in4")")
            }
        }
    }

    /// Gives the program a packet from the uplink, and the engine the same if the program forwards it.
    func fromUplink(
        _ packet: [UInt8],
        segmentSize: UInt32 = 0,
        link: [UInt8] = Ethernet.ipv6
    ) throws -> Outcome {
        try self.run(.encapsulate, self.programs.encapsulate, link + packet, segmentSize) { engine, now in
            engine.run(packet) { engine, buffer, spare in
                engine.receiveFromUplink(&buffer, spare: &spare, at: now)
            }
        }
    }

    /// Gives the program a packet that a link brings, and the engine the same if the program forwards it.
    func fromLink(_ packet: [UInt8], segmentSize: UInt32 = 0, link: [UInt8] = Ethernet.ipv4) throws -> Outcome
    {
        try self.run(.decapsulate, self.programs.decapsulate, link + packet, segmentSize) { engine, now in
            engine.run(packet) { engine, buffer, spare in
                engine.receiveRawIPv4(&buffer, spare: &spare, at: now)
            }
        }
    }

    /// The same over IPv6, where sockets bring what stands behind the outer header.
    func fromIPv6Link(
        _ packet: [UInt8],
        segmentSize: UInt32 = 0,
        link: [UInt8] = Ethernet.ipv6
    ) throws -> Outcome {
        try self.run(.decapsulate, self.programs.decapsulate, link + packet, segmentSize) { engine, now in
            Self.give(packet, toIPv6SocketOf: &engine, now)
        }
    }

    /// Gives an engine what stands behind a plain outer header of IPv6.
    private static func give(
        _ packet: [UInt8],
        toIPv6SocketOf engine: inout Engine,
        _ now: Timestamp
    ) -> (Output, [UInt8]) {
        guard let header = try? IPv6Packet(packet.span.bytes) else { return (Output(), packet) }
        let path = OuterPath(local: .ipv6(header.destination), remote: .ipv6(header.source))
        let outer = OuterHeader(path: path, trafficClass: header.trafficClass)
        let kind: OuterPayload = header.nextHeader == ProtocolNumber.gre ? .gre : .sixInFour
        return engine.run(Array(packet.dropFirst(IPv6Packet.headerLength))) { engine, buffer, spare in
            engine.receiveFromUnderlay(&buffer, spare: &spare, as: kind, outer, at: now)
        }
    }

    /// Gives a packet over IPv6 to the engine alone.
    func giveOverIPv6(_ packet: [UInt8], of tid: TID) {
        self.change(tid) { engine, now in _ = Self.give(packet, toIPv6SocketOf: &engine, now) }
    }

    private func run(
        _ direction: FastPathDirection,
        _ program: BPFProgram,
        _ frame: [UInt8],
        _ segmentSize: UInt32,
        _ judge: (inout Engine, Timestamp) -> (Output, [UInt8])
    ) throws -> Outcome {
        let before = self.refusals(direction)
        let now = Self.now
        let result = try program.test(frame, segmentSize: segmentSize)
        // The next identification may have come meanwhile; the programs' clock is up to a tick behind.
        let earliest = now.monotonic - Self.tick
        guard earliest >> PlainTunnel.slotShift == Self.now.monotonic >> PlainTunnel.slotShift else {
            // What the program counted the engine is to count too.
            if result.action == .redirect { _ = judge(&self.engine, now) }
            if self.hasDone { self.noteDone() }
            return try self.run(direction, program, frame, segmentSize, judge)
        }
        guard result.action == .redirect else {
            #expect(result.action == .leave)
            #expect(result.packet == frame, "left alone, and changed")
            let after = self.refusals(direction)
            let reasons = FastPathRefusal.allCases.filter { after[$0.rawValue] > before[$0.rawValue] }
            if self.hasDone { self.noteDone() }
            return .left(reasons.first)
        }
        let (output, expected) = judge(&self.engine, now)
        let outer = direction == .encapsulate ? result.packet : frame
        let isIPv6 = outer[Ethernet.headerLength] >> 4 == 6
        if isIPv6 { self.forwardedOverIPv6[direction, default: 0] += 1 }
        if outer[isIPv6 ? Self.outerNextHeader : Self.outerProtocol] == ProtocolNumber.gre {
            self.forwardedGRE[direction, default: 0] += 1
        }
        let made = Array(result.packet.dropFirst(Ethernet.headerLength))
        #expect(made == expected, "the engine makes something else of it")
        #expect(output.isForwarded, "the engine does not forward it")
        #expect(output.spare == .none)
        return .forwarded(made)
    }

    /// How many of the packets that were forwarded were GRE outside.
    private(set) var forwardedGRE: [FastPathDirection: Int] = [:]

    /// How many were of IPv6 outside.
    private(set) var forwardedOverIPv6: [FastPathDirection: Int] = [:]

    private static let outerNextHeader = Ethernet.headerLength + IPv6Header.Offset.nextHeader
    private static let outerProtocol = Ethernet.headerLength + IPv4Header.Offset.protocolNumber

    /// Whether the daemon has done with each packet that is left to it before the next comes.
    var hasDone = true

    /// Says that the daemon has done with all packets that were left to it.
    func noteDone() {
        for tid in self.configured {
            for direction in FastPathDirection.allCases {
                let waiting = self.programs.tables.order.waiting(tid, direction).waiting
                self.programs.tables.order.giveUp(waiting, of: tid, direction)
            }
        }
    }

    private func refusals(_ direction: FastPathDirection) -> [UInt64] {
        [0] + FastPathRefusal.allCases.map { self.programs.tables.count(of: $0, direction) }
    }

    // MARK: - Counters

    /// What the programs counted since the configuration began must be what the engine counted of the same packets.
    ///
    /// Looked at are the tunnels that are configured or said to be counted; of all others, see ``expectNothingElseCounted()``.
    func compareCounters() {
        let now = Self.now
        for tid in self.takeInteresting() {
            let programs = self.programs.tables.traffic(of: tid).since(self.counted[tid] ?? TrafficCounters())
            let engine = self.engine.snapshot(of: tid, at: now).traffic
                .since(self.elsewhere[tid] ?? TrafficCounters())
            #expect(programs.ingress.packets == engine.ingress.packets, "tid \(tid)")
            #expect(programs.ingress.octets == engine.ingress.octets, "tid \(tid)")
            #expect(programs.egress.packets == engine.egress.packets, "tid \(tid)")
            #expect(programs.egress.octets == engine.egress.octets, "tid \(tid)")
        }
    }

    private func takeInteresting() -> Set<TID> {
        var touched = TIDSet()
        self.programs.tables.takeTouched(addingTo: &touched)
        var tids = Set(self.configured)
        touched.forEach { tids.insert($0) }
        self.everCounted.formUnion(tids)
        return tids
    }

    /// The programs counted nothing of tunnels that were never looked at.
    func expectNothingElseCounted() {
        for tid in TID.all where !self.everCounted.contains(tid) {
            let traffic = self.programs.tables.traffic(of: tid)
            #expect(traffic.ingress.packets == 0 && traffic.egress.packets == 0, "tid \(tid)")
        }
    }
}

extension Output {
    fileprivate var isForwarded: Bool {
        switch self.packet {
        case .uplink(.forwarded), .underlay(_, _, .forwarded): true
        default: false
        }
    }
}

extension Engine {
    /// Gives the engine a packet.
    ///
    /// - Returns: What it says, and the packet as it is then.
    mutating func run(
        _ packet: [UInt8],
        _ receive: (inout Engine, inout PacketBuffer, inout PacketBuffer) -> Output
    ) -> (Output, [UInt8]) {
        let start = PacketBuffer.headroom
        var slot = [UInt8](repeating: 0xee, count: start) + packet
        var spareSlot = [UInt8](repeating: 0xee, count: start + packet.count)
        let (output, range) = Self.lend(&slot, &spareSlot, packet.count) { buffer, spare in
            receive(&self, &buffer, &spare)
        }
        return (output, Array(slot[range]))
    }

    private static func lend(
        _ slot: inout [UInt8],
        _ spareSlot: inout [UInt8],
        _ count: Int,
        _ body: (inout PacketBuffer, inout PacketBuffer) -> Output
    ) -> (Output, Range<Int>) {
        var span = slot.mutableSpan
        var spareSpan = spareSlot.mutableSpan
        let start = PacketBuffer.headroom
        var buffer = PacketBuffer(span.mutableBytes, range: start..<start + count)
        var spare = PacketBuffer(spareSpan.mutableBytes, range: start..<start)
        let output = body(&buffer, &spare)
        return (output, buffer.range)
    }
}
