/// What was counted: 0 to ``limit``, whatever a peer says and however many are added up.
public struct Tally: Hashable, Sendable {
    /// The greatest sum.
    public static let limit: Int64 = (1 << 62) - 1

    /// The greatest that a daemon is believed to have counted since its start: 29 years of 10 Gbit/s in octets.
    public static let greatestReported: Int64 = 1 << 60

    /// Nothing.
    public static let zero = Tally(clamping: 0)

    /// The number, 0 to ``limit``.
    public let value: Int64

    /// Takes a number as it is, or gives nil when it is out of range.
    public init?(_ value: Int64) {
        guard (0...Self.limit).contains(value) else { return nil }
        self.value = value
    }

    /// Takes the nearest number in range.
    public init(clamping value: some BinaryInteger) {
        self.value = min(max(0, Int64(clamping: value)), Self.limit)
    }

    /// Takes a number that a daemon said; nil when it cannot be.
    init?(reported value: Int64) {
        guard value <= Self.greatestReported else { return nil }
        self.init(value)
    }

    /// The sum, ``limit`` at most.
    public static func + (lhs: Self, rhs: Self) -> Self { Tally(clamping: lhs.value + rhs.value) }

    /// By how much it is more than an earlier one; nothing when it is less.
    public func growth(since earlier: Tally) -> Tally { Tally(clamping: self.value - earlier.value) }
}

extension Tally: Comparable {
    /// Orders by number.
    public static func < (lhs: Self, rhs: Self) -> Bool { lhs.value < rhs.value }
}

extension Tally: CustomStringConvertible {
    /// The number.
    public var description: String { "\(self.value)" }
}

extension Tally: Encodable {
    /// As a number.
    public func encode(to encoder: any Encoder) throws { try self.value.encode(to: encoder) }
}

extension Sequence where Element == Tally {
    /// The sum of all, ``Tally/limit`` at most.
    public var sum: Tally { self.reduce(.zero, +) }
}
