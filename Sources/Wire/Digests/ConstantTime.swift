extension Collection<UInt8> {
    /// Whether it is the same octets as another.
    ///
    /// How long that takes tells whoever guesses a secret how many octets it has, and nothing of where a guess was wrong.
    public func isEqualInConstantTime(to other: some Collection<UInt8>) -> Bool {
        guard self.count == other.count else { return false }
        return zip(self, other).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
