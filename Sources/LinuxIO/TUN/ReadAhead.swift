/// How many packets to ask a TUN device for at once: as many as are likely to wait there.
///
/// To ask for one that isn't there costs a tenth of what a packet costs.
public struct ReadAhead: Hashable, Sendable {
    /// How many to ask for next; at least 1.
    public private(set) var count = 1

    private let most: Int

    /// Creates an expectation of a single packet.
    ///
    /// - Parameter most: How many may be asked for at once.
    public init(most: Int) {
        self.most = max(most, 1)
    }

    /// Takes into account how many packets waited of those that were asked for.
    public mutating func note(asked: Int, got: Int) {
        self.count = got < asked ? max(got, 1) : min(2 * self.count, self.most)
    }

    /// Expects no more than one: a packet came that stood for many, and to know how the next one looks is worth more.
    public mutating func restart() {
        self.count = 1
    }
}
