/// A hash that nobody can foretell who doesn't know its key, so that nobody can aim at a place in a table or say what only we
/// can: SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012) of 16 octets.
struct KeyedHash: Sendable {
    private let key: (UInt64, UInt64)

    /// Creates a hash with a key of 128 bits.
    init(key: (UInt64, UInt64)) {
        self.key = key
    }

    /// What a hash is for: those of one seed have nothing to do with each other.
    enum Purpose: UInt64 {
        case limits = 1
        case endpoints
        case paths
    }

    /// Creates a hash out of an unpredictable number.
    init(seed: UInt64, for purpose: Purpose) {
        let root = KeyedHash(key: (seed, 0))
        self.key = (root.value(of: purpose.rawValue, 0), root.value(of: purpose.rawValue, 1))
    }

    /// The hash of two words, which stand for 16 octets in little-endian order.
    func value(of first: UInt64, _ second: UInt64) -> UInt64 {
        var state = State(self.key)
        state.absorb(first)
        state.absorb(second)
        // The length of what was hashed, in the highest octet.
        state.absorb(16 << 56)
        return state.finish()
    }

    private struct State {
        private var words: (UInt64, UInt64, UInt64, UInt64)

        init(_ key: (UInt64, UInt64)) {
            self.words = (
                key.0 ^ 0x736f_6d65_7073_6575, key.1 ^ 0x646f_7261_6e64_6f6d,
                key.0 ^ 0x6c79_6765_6e65_7261, key.1 ^ 0x7465_6462_7974_6573
            )
        }

        mutating func absorb(_ word: UInt64) {
            self.words.3 ^= word
            self.round()
            self.round()
            self.words.0 ^= word
        }

        mutating func finish() -> UInt64 {
            self.words.2 ^= 0xff
            for _ in 0..<4 { self.round() }
            return self.words.0 ^ self.words.1 ^ self.words.2 ^ self.words.3
        }

        private mutating func round() {
            self.words.0 &+= self.words.1
            self.words.2 &+= self.words.3
            self.words.1 = Self.rotated(self.words.1, by: 13) ^ self.words.0
            self.words.3 = Self.rotated(self.words.3, by: 16) ^ self.words.2
            self.words.0 = Self.rotated(self.words.0, by: 32)
            self.words.2 &+= self.words.1
            self.words.0 &+= self.words.3
            self.words.1 = Self.rotated(self.words.1, by: 17) ^ self.words.2
            self.words.3 = Self.rotated(self.words.3, by: 21) ^ self.words.0
            self.words.2 = Self.rotated(self.words.2, by: 32)
        }

        private static func rotated(_ word: UInt64, by bits: UInt64) -> UInt64 {
            word &<< bits | word &>> (64 &- bits)
        }
    }
}
