import Core
import Testing
import Wire

/// A PoP on the bench: an engine, a clock that only the test moves, and the outcome of one packet at a time.
///
/// After every packet it holds the engine to the conservation of packets: exactly one counter moved, by one.
final class TestPoP {
    private static let roomBehind = 64

    var engine: Engine
    var now: Moment
    /// What is in force, before and after it was made ready.
    private var configuration: Configuration
    private var prepared: EngineConfiguration

    /// Makes a PoP out of the text of a configuration.
    init(
        _ text: String = Plan.text,
        seed: UInt64 = 1,
        at unixTime: Int64 = Plan.startTime,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        self.now = Moment(monotonic: 1_000_000_000_000, unixTime: unixTime)
        self.configuration = Self.configuration(text, sourceLocation)
        self.prepared = EngineConfiguration(self.configuration)
        self.engine = Engine(self.prepared, seed: seed, at: self.now)
    }

    private static func configuration(_ text: String, _ sourceLocation: SourceLocation) -> Configuration {
        do { return try Configuration(parsing: text, file: "test.conf") } catch {
            Issue.record("\(error)", sourceLocation: sourceLocation)
            return Configuration()
        }
    }

    /// Takes over another configuration, compared beforehand with the one in force.
    func apply(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let new = Self.configuration(text, sourceLocation)
        let changes = new.tunnelChanges(from: self.configuration)
        self.prepared = EngineConfiguration(new, replacing: self.prepared, changes)
        self.configuration = new
        _ = self.engine.apply(self.prepared, at: self.now)
    }

    // MARK: - Time

    /// Lets both clocks run for some seconds.
    func advance(seconds: Double) {
        self.now.monotonic += UInt64(seconds * 1e9)
        self.now.unixTime += Int64(seconds.rounded(.down))
    }

    /// Lets the clocks run second by second, and the engine do what it does each second.
    ///
    /// - Returns: How many tunnels went down.
    @discardableResult
    func tick(seconds: Int) -> Int {
        (0..<seconds).reduce(0) { expired, _ in
            self.advance(seconds: 1)
            return expired + self.engine.expireTunnels(at: self.now)
        }
    }

    // MARK: - Packets in

    /// Gives the engine a packet from the native side.
    func fromUplink(_ packet: [UInt8]) -> Outcome {
        self.run(packet) { engine, buffer, spare, now in
            engine.receiveFromUplink(&buffer, spare: &spare, at: now)
        }
    }

    /// Gives the engine what stood behind an outer header.
    func fromOutside(_ packet: OuterPacket) -> Outcome {
        let header = OuterHeader(path: packet.path, trafficClass: packet.trafficClass)
        return self.run(packet.payload) { engine, buffer, spare, now in
            engine.receiveFromOutside(&buffer, spare: &spare, as: packet.kind, header, at: now)
        }
    }

    /// Gives the engine a whole outer IPv4 packet.
    func fromRawIPv4(_ packet: [UInt8]) -> Outcome {
        self.run(packet) { engine, buffer, spare, now in
            engine.receiveRawIPv4(&buffer, spare: &spare, at: now)
        }
    }

    private func run(
        _ packet: [UInt8],
        _ receive: (inout Engine, inout PacketBuffer, inout PacketBuffer, Moment) -> Output
    ) -> Outcome {
        let before = self.engine.accounting
        var slot = Self.slot(holding: packet)
        var spareSlot = slot
        let (output, range, spareRange) = Self.lend(&slot, &spareSlot, packet.count) { buffer, spare in
            receive(&self.engine, &buffer, &spare, self.now)
        }
        return Outcome(
            fate: Fate(from: before, to: self.engine.accounting),
            sent: Transmitted(output.packet, slot[range]),
            spare: Transmitted(output.spare, spareSlot[spareRange])
        )
    }

    private static func slot(holding packet: [UInt8]) -> [UInt8] {
        var slot = [UInt8](repeating: 0xee, count: PacketBuffer.headroom)
        slot.append(contentsOf: packet)
        slot.append(contentsOf: repeatElement(0xee, count: Self.roomBehind))
        return slot
    }

    private static func lend(
        _ slot: inout [UInt8],
        _ spareSlot: inout [UInt8],
        _ count: Int,
        _ body: (inout PacketBuffer, inout PacketBuffer) -> Output
    ) -> (Output, Range<Int>, Range<Int>) {
        var span = slot.mutableSpan
        var spareSpan = spareSlot.mutableSpan
        let start = PacketBuffer.headroom
        var buffer = PacketBuffer(span.mutableBytes, range: start..<start + count)
        var spare = PacketBuffer(spareSpan.mutableBytes, range: start..<start)
        let output = body(&buffer, &spare)
        return (output, buffer.range, spare.range)
    }

    /// Asks for the latency probes that are due now.
    func probes() -> [Transmitted] {
        var probes: [Transmitted] = []
        while let probe = self.nextProbe() { probes.append(probe) }
        return probes
    }

    private func nextProbe() -> Transmitted? {
        var slot = [UInt8](repeating: 0xee, count: PacketBuffer.headroom + 2048)
        var spareSlot = slot
        var probe: Output?
        let (_, range, _) = Self.lend(&slot, &spareSlot, 0) { buffer, spare in
            probe = self.engine.nextProbe(in: &buffer, spare: &spare, at: self.now)
            return probe ?? Output()
        }
        return probe.flatMap { Transmitted($0.packet, slot[range]) }
    }

    // MARK: - Looking

    /// The tunnel as it is now.
    func tunnel(_ number: UInt16) -> TunnelSnapshot {
        self.engine.snapshot(of: CoreTests.tid(number), at: self.now)
    }

    /// How often an error of a tunnel, or of the PoP itself, was counted.
    func count(of kind: ErrorKind, on number: UInt16?) -> UInt64 {
        self.sample(of: kind, on: number)?.count ?? 0
    }

    /// What is kept of an error of a tunnel, or of the PoP itself.
    func sample(of kind: ErrorKind, on number: UInt16?) -> ErrorSample? {
        self.engine.errorSample(kind, of: number.map { CoreTests.tid($0) })
    }

    /// All errors that were counted, of a tunnel or of the PoP itself.
    func errors(on number: UInt16?) -> [ErrorKind: UInt64] {
        let counts = self.engine.errorCounts(of: number.map { CoreTests.tid($0) })
        return Dictionary(uniqueKeysWithValues: counts.map { ($0.kind, $0.count) })
    }
}
