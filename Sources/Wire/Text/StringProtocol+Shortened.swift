extension StringProtocol {
    /// The text, cut where it is longer than somebody wants to read or keep.
    ///
    /// Counted in octets of UTF-8, since a character has no greatest length.
    ///
    /// - Parameter limit: The greatest length in octets, at least 3; of it, three are for the `…` that stands for the rest.
    /// - Returns: The text, or its beginning and `…`.
    public func shortened(to limit: Int) -> String {
        guard self.utf8.count > limit else { return String(self) }
        var kept = String.UnicodeScalarView()
        var room = limit - "…".utf8.count
        for scalar in self.unicodeScalars {
            room -= scalar.utf8.count
            guard room >= 0 else { break }
            kept.append(scalar)
        }
        return String(kept) + "…"
    }
}

extension Unicode.Scalar {
    fileprivate var utf8: UTF8.EncodedScalar { UTF8.encode(self) ?? UTF8.encodedReplacementCharacter }
}
