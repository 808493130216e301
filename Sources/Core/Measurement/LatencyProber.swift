internal import Wire

/// What a probe carries and its reply brings back, in the 24 octets behind the ICMPv6 header.
struct ProbeReply: Hashable, Sendable {
    static let bodyLength = 24

    /// Identifier and sequence number.
    let parameter: UInt32
    let magic: UInt64
    /// When the probe left, in nanoseconds of the monotonic clock.
    let sentAt: UInt64
    let tid: UInt64

    /// Reads an echo reply; nil when it is too short to be a probe's.
    init?(_ message: borrowing ICMPv6Message) {
        guard message.body.byteCount >= Self.bodyLength else { return nil }
        self.parameter = message.parameter
        self.magic = message.body.bigEndian(at: 0)
        self.sentAt = message.body.bigEndian(at: 8)
        self.tid = message.body.bigEndian(at: 16)
    }
}

/// Sends each tunnel that is up an echo request a minute, spread over the minute.
struct LatencyProber: Sendable {
    /// Seconds between two probes of a tunnel.
    static let interval = 60
    /// Size of the ICMPv6 message, in octets.
    static let messageLength = 1000
    /// How old a reply may be, in nanoseconds.
    static let maximumAge = 10 * Moment.nanosecondsPerSecond

    /// What nobody can guess: a reply must carry the present or the previous one.
    private var magic: (present: UInt64, previous: UInt64)
    private var sequence: UInt16 = 0
    /// The second of the monotonic clock whose tunnels are probed, and the next of them.
    private var second: UInt64 = 0
    private var next: UInt16 = 0

    init(seed: UInt64) {
        self.magic = (Self.scramble(seed), Self.scramble(seed &+ 1))
    }

    /// A number that looks like no other for each number given (SplitMix64's finaliser).
    private static func scramble(_ seed: UInt64) -> UInt64 {
        var value = seed &+ 0x9e37_79b9_7f4a_7c15
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    /// The next tunnel whose turn it is this second, or nil when all had theirs.
    mutating func nextTunnel(at now: Moment, where isUp: (TID) -> Bool) -> TID? {
        let second = now.monotonic / Moment.nanosecondsPerSecond
        if second != self.second { self.begin(second) }
        while let tid = TID(rawValue: self.next) {
            self.next += UInt16(Self.interval)
            if isUp(tid) { return tid }
        }
        return nil
    }

    private mutating func begin(_ second: UInt64) {
        let phase = second % UInt64(Self.interval)
        if phase == 0 { self.magic = (Self.scramble(self.magic.present ^ second), self.magic.previous) }
        self.second = second
        self.next = UInt16(truncatingIfNeeded: phase)
    }

    /// What the next probe carries.
    mutating func probe(of tid: TID, at now: Moment) -> (sequence: UInt16, magic: UInt64) {
        self.sequence &+= 1
        return (self.sequence, self.magic.present)
    }

    func isCurrent(_ magic: UInt64) -> Bool { magic == self.magic.present || magic == self.magic.previous }
}

extension Engine {
    /// Makes the next latency probe that is due.
    ///
    /// To be called every second until it returns nothing; each probe is transmitted before the next is made.
    ///
    /// - Parameters:
    ///   - buffer: Takes the probe.
    ///   - now: The time.
    /// - Returns: Where the probe goes, or nil when none is due.
    public mutating func nextProbe(in buffer: inout PacketBuffer, at now: Moment) -> Output? {
        var prober = self.prober
        let tid = prober.nextTunnel(at: now) {
            self.tunnels[$0].condition == .up && self.tunnels[$0].path != nil
        }
        self.prober = prober
        guard let tid, buffer.reset(to: LatencyProber.messageLength) else { return nil }
        let (sequence, magic) = self.prober.probe(of: tid, at: now)
        let body = buffer.range.lowerBound + ICMPv6Message.headerLength
        for offset in buffer.range { buffer.bytes.storeBytes(of: 0, toByteOffset: offset, as: UInt8.self) }
        buffer.bytes.storeBigEndian(magic, at: body)
        buffer.bytes.storeBigEndian(now.monotonic, at: body + 8)
        buffer.bytes.storeBigEndian(UInt64(tid.rawValue), at: body + 16)
        let addresses = (
            source: self.plan.localAddress(of: tid), destination: self.plan.remoteAddress(of: tid)
        )
        ICMPv6Message.encodeHeader(
            into: &buffer.bytes,
            at: buffer.range.lowerBound,
            type: ICMPv6Message.MessageType.echoRequest,
            code: 0,
            parameter: UInt32(tid.rawValue) << 16 | UInt32(sequence),
            bodyLength: LatencyProber.messageLength - ICMPv6Message.headerLength,
            addresses: addresses
        )
        let hopLimit = PacketBuffer.icmpHopLimit
        buffer.prependICMPv6Header(from: addresses.source, to: addresses.destination, hopLimit: hopLimit)
        self.tunnels[tid].latency.sent &+= 1
        self.tunnels[tid].latency.pending = sequence
        return self.encapsulate(&buffer, into: tid, now)
    }

    /// Counts a reply if it belongs to the probe that this tunnel was last sent.
    mutating func noteProbeReply(_ reply: ProbeReply, from tid: TID, at now: Moment) {
        let sequence = UInt16(truncatingIfNeeded: reply.parameter)
        let age = now.nanoseconds(since: reply.sentAt)
        guard reply.tid == UInt64(tid.rawValue), UInt16(reply.parameter >> 16) == tid.rawValue,
            self.prober.isCurrent(reply.magic), self.tunnels[tid].latency.pending == sequence,
            reply.sentAt <= now.monotonic, age < LatencyProber.maximumAge
        else { return }
        self.tunnels[tid].latency.count(microseconds: age / 1000)
    }
}
