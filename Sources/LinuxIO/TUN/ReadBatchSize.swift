/// How many packets to ask a TUN device for at once.
///
/// To ask in vain costs one to three times, by the machine, what is saved by asking for a packet together with others. So as
/// many are asked for as a quarter of those that came without a gap, and what is asked for in vain never costs more than was
/// saved before.
public struct ReadBatchSize: Hashable, Sendable {
    private let most: Int

    /// How many packets came since none waited.
    private var unbroken = 0

    /// How many to ask for next; at least 1.
    public var count: Int { max(min(self.unbroken / 4, self.most), 1) }

    /// Creates an expectation of a single packet.
    ///
    /// - Parameter most: How many may be asked for at once.
    public init(most: Int) {
        self.most = most
    }

    /// Takes into account how many packets waited of those that were asked for.
    public mutating func note(asked: Int, got: Int) {
        // No more is of any use.
        self.unbroken = got < asked ? 0 : min(self.unbroken + got, 4 * max(self.most, 1))
    }

    /// Expects no more than one: a packet came that stood for many, and to know how the next one looks is worth more.
    public mutating func restart() {
        self.unbroken = 0
    }
}
