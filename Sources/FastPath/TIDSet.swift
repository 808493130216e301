public import Wire

/// Some of a PoP's tunnels: a bit for each, in memory that is allocated once.
public struct TIDSet: Sendable {
    /// Bits of a word, and words of a set.
    private static let bits = UInt64.bitWidth
    static let words = TID.capacity / Self.bits

    private var words = [UInt64](repeating: 0, count: Self.words)

    /// Creates a set of none.
    public init() {}

    /// Adds a tunnel.
    public mutating func insert(_ tid: TID) {
        let (word, bit) = Int(tid.rawValue).quotientAndRemainder(dividingBy: Self.bits)
        self.words[word] |= 1 << UInt64(bit)
    }

    /// Adds those of a word of 64 bits, the first of which is that of its number times 64.
    mutating func insert(_ bits: UInt64, inWord word: Int) { self.words[word] |= bits }

    /// Takes all out.
    public mutating func removeAll() {
        for word in self.words.indices { self.words[word] = 0 }
    }

    /// Does something for each of the tunnels, in the order of their numbers.
    ///
    /// - Parameter body: Gets the tunnel.
    public func forEach(_ body: (TID) -> Void) {
        for (word, bits) in self.words.enumerated() {
            var rest = bits
            while rest != 0 {
                let number = word * Self.bits + rest.trailingZeroBitCount
                rest &= rest - 1
                if let tid = TID(rawValue: UInt16(number)) { body(tid) }
            }
        }
    }
}
