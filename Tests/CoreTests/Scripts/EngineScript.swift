import Core
import Wire

/// What an engine promised and a script made it break.
struct BrokenPromise: Error, CustomStringConvertible {
    let description: String

    /// Checks a promise.
    ///
    /// - Throws: ``BrokenPromise`` when it doesn't hold.
    static func unless(_ holds: Bool, _ promise: @autoclosure () -> String) throws(BrokenPromise) {
        guard holds else { throw BrokenPromise(description: promise()) }
    }
}

/// Random packets at random times against a random configuration, all of it read off any octets at all.
///
/// After each step the engine must have kept count of every packet, and whatever it sends must be sound. The
/// fuzzer and the test with random octets share it.
final class EngineScript {
    private static let mostSteps = 400

    var engine: Engine
    var reader: ScriptReader
    var now = Timestamp(monotonic: 1_000_000_000_000, unixTime: 1_234_567_890)

    /// The last packet that went to the underlay, whose it was, and the tunnel.
    var last: (octets: [UInt8], tunnel: TID?)?
    /// The same, while the kernel may still refuse it.
    var refusable: (remote: IPAddress, tunnel: TID?, origin: Output.Origin)?
    /// The last latency probe.
    var probe: (octets: [UInt8], tunnel: TID)?

    init(_ input: [UInt8]) {
        var reader = ScriptReader(input)
        let configuration = EngineConfiguration(ScriptWorld.configuration(&reader))
        self.engine = Engine(configuration, seed: UInt64(reader.octet()), at: self.now)
        self.reader = reader
    }

    /// Plays the script to its end; may not trap.
    ///
    /// - Parameters:
    ///   - input: The script.
    ///   - check: What to look at after each step.
    /// - Throws: ``BrokenPromise`` when the engine lost count or sent what may not be sent, and what the check throws.
    static func play(
        _ input: [UInt8],
        check: (EngineScript) throws(BrokenPromise) -> Void = { _ in }
    ) throws(BrokenPromise) {
        let script = EngineScript(input)
        for _ in 0..<Self.mostSteps where !script.reader.isAtEnd {
            try script.step()
            try check(script)
        }
        try script.tick()
    }

    private func step() throws(BrokenPromise) {
        switch self.reader.number(under: 32) {
        case 0, 1: self.advance()
        case 2: try self.tick()
        // Seldom, since it takes as long as a hundred packets.
        case 3: self.reconfigure()
        case 4: try self.give(self.anyOctets(), through: .uplink)
        case 5: try self.give(self.anyOctets(), through: self.anyDoor())
        case 6: try self.give(self.rawIPv4(), through: .rawIPv4)
        case 7...12: try self.give(self.innerPacket(of: nil), through: .uplink)
        case 13...20: try self.giveThroughTunnel()
        case 21...23: try self.beat()
        case 24...26: try self.quote()
        case 27, 28: try self.answerProbe()
        case 29: self.trace()
        default: try self.refuse()
        }
        try BrokenPromise.unless(self.engine.accounting.isBalanced, "not balanced")
    }

    // MARK: - Time

    private func advance() {
        let nanoseconds: [UInt64] = [
            1, 1_000_000, 100_000_000, 1_000_000_000, 61_000_000_000, 601_000_000_000,
        ]
        let step = self.reader.element(of: nanoseconds)
        self.now.monotonic += step
        self.now.unixTime += Int64(step / 1_000_000_000)
        // Now and then the wall clock is set.
        let jumps: [Int64] = [0, 0, 0, 0, 1, -1, 119, 121, -119, -121, 3600, -3600, 1 << 33, -(1 << 31)]
        self.now.unixTime += self.reader.element(of: jumps)
    }

    private func tick() throws(BrokenPromise) {
        _ = self.engine.expireTunnels(at: self.now)
        for _ in 0..<8 {
            let (output, sent, spare) = self.ask([]) { engine, buffer, spare, now in
                engine.nextProbe(in: &buffer, spare: &spare, at: now) ?? Output()
            }
            if output == Output() { return }
            try self.judge(output.packet, sent)
            try self.judge(output.spare, spare)
            if case .underlay(_, let tid?, _) = output.packet, output.spare == .none {
                self.probe = (sent, tid)
            }
        }
    }

    private func reconfigure() {
        let configuration = EngineConfiguration(ScriptWorld.configuration(&self.reader))
        _ = self.engine.apply(configuration, at: self.now)
        // What left before is not refused after its tunnel went.
        self.refusable = nil
    }

    /// What is decided about a tunnel's packets is written down from now on, or no more; somebody reads it.
    private func trace() {
        let tid = self.reader.element(of: ScriptWorld.tids)
        self.engine.setTracing(of: tid, to: self.reader.octet() & 3 != 0)
        _ = self.engine.takeDecisions()
    }

    // MARK: - Packets

    /// Lends the engine a packet and a spare buffer.
    ///
    /// - Returns: What it said, and what stands in the two buffers afterwards.
    func ask(
        _ packet: [UInt8],
        _ question: (inout Engine, inout PacketBuffer, inout PacketBuffer, Timestamp) -> Output
    ) -> (Output, [UInt8], [UInt8]) {
        let start = PacketBuffer.headroom
        var slot = [UInt8](repeating: 0xee, count: start) + packet
        slot += repeatElement(0xee, count: max(0, 2048 - packet.count))
        var spareSlot = slot
        var ranges = (0..<0, 0..<0)
        var span = slot.mutableSpan
        var spareSpan = spareSlot.mutableSpan
        let output: Output
        do {
            var buffer = PacketBuffer(span.mutableBytes, range: start..<start + packet.count)
            var spare = PacketBuffer(spareSpan.mutableBytes, range: start..<start)
            output = question(&self.engine, &buffer, &spare, self.now)
            ranges = (buffer.range, spare.range)
        }
        return (output, Array(slot[ranges.0]), Array(spareSlot[ranges.1]))
    }

    /// Gives the engine one packet and judges what becomes of it.
    func give(_ packet: [UInt8], through door: Door) throws(BrokenPromise) {
        let before = self.engine.accounting
        let (output, sent, spare) = self.ask(packet) { engine, buffer, spare, now in
            switch door {
            case .uplink: engine.receiveFromUplink(&buffer, spare: &spare, at: now)
            case .rawIPv4: engine.receiveRawIPv4(&buffer, spare: &spare, at: now)
            case .underlay(let payload, let header):
                engine.receiveFromUnderlay(&buffer, spare: &spare, as: payload, header, at: now)
            }
        }
        try self.judge(output, since: before)
        try self.judge(output.packet, sent)
        try self.judge(output.spare, spare)
        self.refusable = nil
        guard case .underlay(let remote, let tunnel, let origin) = output.packet else { return }
        self.last = (sent, tunnel)
        self.refusable = (remote, tunnel, origin)
    }

    /// The kernel would not send the last packet: too large for its link, or nowhere to go.
    private func refuse() throws(BrokenPromise) {
        guard let refused = self.refusable, let last = self.last else { return }
        self.refusable = nil
        self.engine.noteSendError(
            last.octets.span.bytes,
            tunnel: refused.tunnel,
            toward: refused.remote,
            refused.origin,
            at: self.now
        )
        guard let tunnel = refused.tunnel else { return }
        self.engine.noteLinkMTU(
            self.reader.element(of: [0, 67, 68, 576, 1000, 1280, 1300, 1400, 1500, 65535]),
            of: tunnel,
            at: self.now
        )
    }
}

/// Where a packet comes in.
enum Door {
    case uplink
    case rawIPv4
    case underlay(OuterPayload, OuterHeader)
}
