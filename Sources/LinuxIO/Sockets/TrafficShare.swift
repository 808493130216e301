/// Which part of the traffic one of several sockets receives.
public struct TrafficShare: Hashable, Sendable {
    /// Everything, for a socket that is alone.
    public static let all = TrafficShare(index: 0, of: 1)

    /// Which of the parts, from 0 on.
    public let index: Int
    /// How many parts there are.
    public let count: Int

    /// Creates a share.
    ///
    /// - Parameters:
    ///   - index: Which of the parts; under the count, or traps.
    ///   - count: How many there are.
    public init(index: Int, of count: Int) {
        precondition(index >= 0 && index < count, "no such part")
        self.index = index
        self.count = count
    }
}
