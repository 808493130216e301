import Core
import Foundation
import TestSupport
import Testing
import Wire

/// A PoP on the bench: an engine, a clock that only the test moves, and the outcome of one packet at a time.
///
/// After every packet it holds the engine to the conservation of packets: exactly one counter moved, by one.
///
/// With `SIXXS_ENGINES=2` in the environment there are two engines that share their sessions, and a coin decides which of
/// them gets a packet: nobody may see a difference.
final class TestPoP {
    /// Enough for a packet of the PoP's own where one of no size came in.
    fileprivate static let roomBehind = 1600
    /// What a slot holds before a packet is put in: copied as a whole, since tests are not optimized.
    private static let blank = [UInt8](repeating: 0xee, count: PacketBuffer.headroom + 131_072)

    /// Where a test looks at what only one engine did, or at what two may do a second later.
    static let hasOneEngine = !hasTwoEngines
    private static let hasTwoEngines = ProcessInfo.processInfo.environment["SIXXS_ENGINES"] == "2"

    var engine: Engine
    private var second: Engine?
    private var coin: SeededGenerator
    var now: Timestamp
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
        self.now = Timestamp(monotonic: 1_000_000_000_000, unixTime: unixTime)
        self.configuration = Self.configuration(text, sourceLocation)
        self.prepared = EngineConfiguration(self.configuration)
        self.coin = SeededGenerator(seed: seed)
        let sessions = SharedSessions()
        let places = (0..<(Self.hasTwoEngines ? 2 : 1)).map {
            EngineIndex($0, of: Self.hasTwoEngines ? 2 : 1)
        }
        let now = self.now
        self.engine = Engine(self.prepared, seed: seed, sharing: sessions, as: places[0], at: now)
        if let place = places.dropFirst().first {
            self.second = Engine(self.prepared, seed: seed, sharing: sessions, as: place, at: now)
        }
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
        _ = self.second?.apply(self.prepared, at: self.now)
    }

    /// Has each engine do something.
    func withEngines(_ body: (inout Engine) -> Void) {
        body(&self.engine)
        if var second = self.second.take() {
            body(&second)
            self.second = consume second
        }
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
    func fromUnderlay(_ packet: OuterPacket) -> Outcome {
        let header = OuterHeader(path: packet.path, trafficClass: packet.trafficClass)
        return self.run(packet.payload) { engine, buffer, spare, now in
            engine.receiveFromUnderlay(&buffer, spare: &spare, as: packet.kind, header, at: now)
        }
    }

    /// Gives the engine an AYIYA datagram, whose signature was worked out beforehand.
    func fromUnderlayVerified(_ packet: OuterPacket) -> Outcome {
        let header = OuterHeader(path: packet.path, trafficClass: packet.trafficClass)
        return self.run(packet.payload) { engine, buffer, spare, now in
            var signatures = DatagramSignatures()
            let isSigned = buffer.packet.withUnsafeBytes { engine.addExpected($0, to: &signatures) }
            signatures.compute()
            return engine.receiveFromUnderlay(
                &buffer,
                spare: &spare,
                as: packet.kind,
                header,
                expecting: isSigned ? signatures.signature(at: 0) : nil,
                at: now
            )
        }
    }

    /// Gives the engine a whole outer IPv4 packet.
    func fromRawIPv4(_ packet: [UInt8], isBroadcast: Bool = false) -> Outcome {
        self.run(packet) { engine, buffer, spare, now in
            engine.receiveRawIPv4(&buffer, spare: &spare, isBroadcast: isBroadcast, at: now)
        }
    }

    private func run(
        _ packet: [UInt8],
        _ receive: (inout Engine, inout PacketBuffer, inout PacketBuffer, Timestamp) -> Output
    ) -> Outcome {
        let isForSecond = Self.hasTwoEngines && Bool.random(using: &self.coin)
        let outcome = isForSecond ? self.second?.run(packet, self.now, receive) : nil
        return outcome ?? self.engine.run(packet, self.now, receive)
    }

    fileprivate static func slot(holding packet: [UInt8]) -> [UInt8] {
        var slot = Array(Self.blank[..<(PacketBuffer.headroom + packet.count + Self.roomBehind)])
        slot.withUnsafeMutableBytes {
            UnsafeMutableRawBufferPointer(rebasing: $0[PacketBuffer.headroom...]).copyBytes(from: packet)
        }
        return slot
    }

    fileprivate static func lend(
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
        let tid = CoreTests.tid(number)
        var snapshot = self.engine.snapshot(of: tid, at: self.now)
        if let other = self.second?.snapshot(of: tid, at: self.now) { snapshot.add(other) }
        return snapshot
    }

    /// How often an error of a tunnel, or of the PoP itself, was counted.
    func count(of kind: ErrorKind, on number: UInt16?) -> UInt64 {
        self.sample(of: kind, on: number)?.count ?? 0
    }

    /// What is kept of an error of a tunnel, or of the PoP itself.
    func sample(of kind: ErrorKind, on number: UInt16?) -> ErrorSample? {
        let tid = number.map { CoreTests.tid($0) }
        let samples = [self.engine.errorSample(kind, of: tid), self.second?.errorSample(kind, of: tid)]
        return ErrorSample(merging: samples.compactMap { $0 ?? nil })
    }

    /// All errors that were counted, of a tunnel or of the PoP itself.
    func errors(on number: UInt16?) -> [ErrorKind: UInt64] {
        let tid = number.map { CoreTests.tid($0) }
        let counts = [(kind: ErrorKind, count: UInt64)](merging: [
            self.engine.errorCounts(of: tid), self.second?.errorCounts(of: tid) ?? [],
        ])
        return Dictionary(uniqueKeysWithValues: counts.map { ($0.kind, $0.count) })
    }
}

extension Engine {
    /// Gives the engine a packet, and looks what became of it.
    fileprivate mutating func run(
        _ packet: [UInt8],
        _ now: Timestamp,
        _ receive: (inout Engine, inout PacketBuffer, inout PacketBuffer, Timestamp) -> Output
    ) -> Outcome {
        let before = self.accounting
        var slot = TestPoP.slot(holding: packet)
        var spareSlot = slot
        let (output, range, spareRange) = TestPoP.lend(&slot, &spareSlot, packet.count) { buffer, spare in
            receive(&self, &buffer, &spare, now)
        }
        return Outcome(
            fate: Fate(from: before, to: self.accounting),
            sent: Transmitted(output.packet, slot[range]),
            spare: Transmitted(output.spare, spareSlot[spareRange])
        )
    }
}
