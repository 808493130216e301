internal import Wire

/// What a probe carries and its reply brings back, in the 24 octets behind the ICMP header.
struct ProbeReply: Hashable, Sendable {
    static let bodyLength = 24

    let magic: UInt64
    /// When the probe left, in nanoseconds of the monotonic clock.
    let sentAt: UInt64
    /// Whom it was for, and its sequence number.
    let target: ProbeTarget
    let sequence: UInt16

    /// Reads an ICMPv6 echo reply; nil when it is none of ours.
    init?(_ message: borrowing ICMPv6Message) { self.init(body: message.body) }

    /// Reads an ICMPv4 echo reply; nil when it is none of ours.
    init?(_ message: borrowing ICMPv4Message) { self.init(body: message.body) }

    /// How long the round trip took, in nanoseconds; nil when it can't be true or was too long.
    func age(at now: Timestamp) -> UInt64? {
        let age = now.nanoseconds(since: self.sentAt)
        return self.sentAt <= now.monotonic && age < LatencyProber.maximumAge ? age : nil
    }

    private init?(body: RawSpan) {
        guard body.byteCount >= Self.bodyLength else { return nil }
        self.magic = body.bigEndian(at: 0)
        self.sentAt = body.bigEndian(at: 8)
        let word: UInt64 = body.bigEndian(at: 16)
        guard let target = ProbeTarget(rawValue: word >> 16) else { return nil }
        self.target = target
        self.sequence = UInt16(truncatingIfNeeded: word)
    }
}

/// Whom a probe is for.
enum ProbeTarget: Hashable, Sendable {
    case tunnel(TID)
    case pop(id: UInt16, isIPv6: Bool)

    /// The target as a number of 48 bits: kind, then number.
    var rawValue: UInt64 {
        switch self {
        case .tunnel(let tid): UInt64(tid.rawValue)
        case .pop(let id, let isIPv6): 1 << 32 | UInt64(id) << 1 | (isIPv6 ? 1 : 0)
        }
    }

    init?(rawValue: UInt64) {
        switch rawValue >> 32 {
        case 0:
            guard let number = UInt16(exactly: rawValue), let tid = TID(rawValue: number) else { return nil }
            self = .tunnel(tid)
        case 1:
            guard let id = UInt16(exactly: (rawValue & 0xffff_ffff) >> 1) else { return nil }
            self = .pop(id: id, isIPv6: rawValue & 1 == 1)
        default: return nil
        }
    }
}

/// Decides who is probed when: each tunnel that is up and each other PoP once a minute, spread over the minute.
struct LatencyProber: Sendable {
    /// Seconds between two probes of a target.
    static let interval = 60
    /// Size of the ICMP message, in octets.
    static let messageLength = 1000
    /// How old a reply may be, in nanoseconds.
    static let maximumAge = 10 * Timestamp.nanosecondsPerSecond

    private let seed: UInt64
    /// The minute of the monotonic clock that ``magic`` belongs to.
    private var minute: UInt64?
    /// What nobody can guess, who knows others: a reply must carry the present or the previous one.
    private var magic: (present: UInt64, previous: UInt64) = (0, 0)
    private(set) var sequence: UInt16 = 0
    /// The second of the monotonic clock whose targets are probed.
    private var second: UInt64 = 0
    /// The next tunnel and the next place in the list of PoPs whose turn it is in this second.
    private var nextTunnel: UInt16 = 0
    private var nextPoP = 0

    init(seed: UInt64) {
        self.seed = seed
    }

    /// Moves on to the minute of a moment.
    private mutating func advanceMagic(to now: Timestamp) {
        let minute = now.monotonic / (UInt64(Self.interval) * Timestamp.nanosecondsPerSecond)
        guard minute != self.minute else { return }
        self.minute = minute
        self.magic = (self.magic(of: minute), self.magic(of: minute &- 1))
    }

    /// All engines of a PoP, which have the same seed, work out the same.
    private func magic(of minute: UInt64) -> UInt64 {
        let words: InlineArray<2, UInt64> = [self.seed, minute]
        let digest = SHA1Digest(of: unsafe words.span.bytes)
        return (0..<8).reduce(0) { $0 << 8 | UInt64(digest.octets[$1]) }
    }

    /// A number that looks like no other for each number given (SplitMix64's finaliser).
    static func scramble(_ seed: UInt64) -> UInt64 {
        var value = seed &+ 0x9e37_79b9_7f4a_7c15
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    /// Moves on to the second of a moment.
    mutating func advance(to now: Timestamp) {
        let second = now.monotonic / Timestamp.nanosecondsPerSecond
        guard second != self.second else { return }
        let interval = UInt64(Self.interval)
        self.advanceMagic(to: now)
        self.second = second
        self.nextTunnel = UInt16(truncatingIfNeeded: second % interval)
        self.nextPoP = Int(second % interval)
    }

    /// The next tunnel whose turn it is in this second, or nil when all had theirs.
    mutating func takeTunnel() -> TID? {
        guard let tid = TID(rawValue: self.nextTunnel) else { return nil }
        self.nextTunnel += UInt16(Self.interval)
        return tid
    }

    /// The next place in a list of probes to PoPs whose turn it is in this second, or nil when all had theirs.
    mutating func takePoP(of count: Int) -> Int? {
        guard self.nextPoP < count else { return nil }
        defer { self.nextPoP += Self.interval }
        return self.nextPoP
    }

    /// The body of the next probe: what its reply must bring back.
    mutating func nextBody(for target: ProbeTarget) -> (magic: UInt64, target: UInt64) {
        self.sequence &+= 1
        return (self.magic.present, target.rawValue << 16 | UInt64(self.sequence))
    }

    /// Whether a reply's magic is one that probes of these minutes carried.
    mutating func isCurrent(_ magic: UInt64, at now: Timestamp) -> Bool {
        self.advanceMagic(to: now)
        return magic == self.magic.present || magic == self.magic.previous
    }
}

extension LatencyRecord {
    /// Counts a probe that was sent.
    mutating func send(_ sequence: UInt16) {
        self.sent &+= 1
        self.pending = sequence
    }

    /// Counts a reply if it belongs to the probe that was sent last, and is not late.
    mutating func receive(_ reply: ProbeReply, at now: Timestamp, countedIn roundTrips: inout RoundTrips) {
        guard self.pending == reply.sequence, let age = reply.age(at: now) else { return }
        self.count(microseconds: age / 1000)
        roundTrips.count(microseconds: age / 1000)
    }
}
