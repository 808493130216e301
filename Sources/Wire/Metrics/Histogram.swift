/// How often values lay below bounds, and their sum; what quantiles over any span can be reckoned from.
public struct Histogram: Hashable, Sendable {
    /// The bounds, growing.
    public let bounds: [Double]

    /// How many values were at most as large as each bound and larger than the one before; the last counts those above all.
    public private(set) var counts: [UInt64]

    /// The sum of all values.
    public private(set) var sum: Double

    /// Creates one without values.
    ///
    /// - Parameter bounds: The bounds, growing.
    public init(bounds: [Double]) {
        self.bounds = bounds
        self.counts = [UInt64](repeating: 0, count: bounds.count + 1)
        self.sum = 0
    }

    /// Creates one of what was counted elsewhere.
    ///
    /// - Parameters:
    ///   - bounds: The bounds, growing.
    ///   - counts: As ``counts`` has them; what is missing is 0.
    ///   - sum: The sum of all values.
    public init(bounds: [Double], counts: [UInt64], sum: Double) {
        self.bounds = bounds
        let missing = max(0, bounds.count + 1 - counts.count)
        self.counts = Array(counts.prefix(bounds.count + 1)) + [UInt64](repeating: 0, count: missing)
        self.sum = sum
    }

    /// How many values there were.
    public var count: UInt64 { self.counts.reduce(0, &+) }

    /// Counts a value.
    public mutating func record(_ value: Double) {
        let index = self.bounds.firstIndex { value <= $0 } ?? self.bounds.count
        self.counts[index] &+= 1
        self.sum += value
    }
}
