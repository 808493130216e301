internal import Wire

/// What outer packets carry that only who sees them can know, so that an ICMP error that quotes it is about a packet that we
/// sent (RFC 5927 §7).
///
/// Nothing is remembered of what was sent: a keyed hash of tunnel and time says what it carried.
struct PathEvidence: Sendable {
    /// In which part of the time something was sent, about a minute long.
    typealias Slot = UInt64

    /// The lowest identification: lower ones may be the kernel's own, which counts the datagrams of one message from 0 on.
    private static let lowestIdentification: UInt64 = 64

    /// Which words of a tunnel's there are.
    private enum Word: UInt64 {
        case identification = 1
        case flowLabel
        case nonce
    }

    private let hash: KeyedHash

    init(seed: UInt64) {
        self.hash = KeyedHash(seed: seed, for: .paths)
    }

    /// How many bits of the clock's nanoseconds a part is long.
    static let slotShift: UInt64 = 36

    static func slot(at now: Timestamp) -> Slot { now.monotonic >> Self.slotShift }

    private func value(_ word: Word, of tid: TID, _ slot: Slot) -> UInt64 {
        self.hash.value(of: word.rawValue << 32 | UInt64(tid.rawValue), slot)
    }

    /// The identification of a tunnel's outer IPv4 packets that may not be fragmented, which may be anything (RFC 6864 §4.1).
    func identification(of tid: TID, in slot: Slot) -> UInt16 {
        let range = UInt64(UInt16.max) - Self.lowestIdentification + 1
        let value = self.value(.identification, of: tid, slot) % range
        return UInt16(truncatingIfNeeded: Self.lowestIdentification + value)
    }

    /// The flow label of a tunnel's outer IPv6 packets, of 20 bits and never 0; always the same, so that routers that go by
    /// it send all of them one way (RFC 6437).
    func flowLabel(of tid: TID) -> UInt32 {
        UInt32(truncatingIfNeeded: 1 + self.value(.flowLabel, of: tid, 0) % 0xf_ffff)
    }

    /// What packets carry that were sent to try a path.
    func nonce(of tid: TID, in slot: Slot) -> UInt64 { self.value(.nonce, of: tid, slot) }

    /// What a tunnel's outer packets carry.
    func marks(of tid: TID, in slot: Slot) -> PathMarks {
        PathMarks(
            slot: slot,
            identification: self.identification(of: tid, in: slot),
            flowLabel: self.flowLabel(of: tid)
        )
    }

    /// Whether an identification may be one of the kernel's.
    static func isKernels(_ identification: UInt16) -> Bool { identification < self.lowestIdentification }
}

/// What a tunnel's outer packets carry in a slot of time: kept, since it is asked for with each packet.
struct PathMarks: Sendable {
    /// When it is good; the default is never.
    var slot = PathEvidence.Slot.max
    var identification: UInt16 = 0
    var flowLabel: UInt32 = 0
}
