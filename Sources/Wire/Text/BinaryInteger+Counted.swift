extension BinaryInteger {
    /// The number with the noun that it counts, for people: `1 tunnel`, `0 tunnels`, `3 tunnels`.
    ///
    /// - Parameters:
    ///   - one: The noun of a single one.
    ///   - many: The noun of several; by default the same with an s.
    /// - Returns: Both.
    public func counted(_ one: String, _ many: String? = nil) -> String {
        "\(self) \(self == 1 ? one : many ?? "\(one)s")"
    }
}
