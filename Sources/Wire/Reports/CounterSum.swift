/// A counter of a daemon as a sum over its restarts: what it says now, and what it had counted before each of them.
public struct CounterSum: Hashable, Sendable {
    /// What the daemon says.
    public let counted: Tally

    /// What its earlier lives counted.
    public let offset: Tally

    /// Nothing counted yet.
    public static let zero = CounterSum(counted: .zero, offset: .zero)

    /// Creates a sum.
    public init(counted: Tally, offset: Tally) {
        self.counted = counted
        self.offset = offset
    }

    /// Takes back what was stored; begins anew where that cannot be.
    public init(storedCount: Int64, offset: Int64) {
        self.init(counted: Tally(storedCount) ?? .zero, offset: Tally(offset) ?? .zero)
    }

    /// Over all lives.
    public var total: Tally { self.counted + self.offset }

    /// The sum after the daemon said more.
    ///
    /// A sum that would leave the range of a ``Tally`` begins anew with what the daemon says.
    ///
    /// - Parameters:
    ///   - value: What it says; nil when that is unknown, and nothing changes.
    ///   - isSameLife: Whether it has not been restarted since.
    /// - Returns: The new sum.
    public func following(_ value: Tally?, isSameLife: Bool) -> CounterSum {
        guard let value else { return self }
        let earlier = isSameLife && value >= self.counted ? self.offset : self.total
        let fits = earlier.value <= Tally.limit - value.value && earlier.value < Tally.limit
        return CounterSum(counted: value, offset: fits ? earlier : .zero)
    }
}
