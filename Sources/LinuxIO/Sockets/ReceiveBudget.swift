/// How many messages to take from one socket with a system call.
///
/// A message is one packet, or as many as the kernel put together. What decides how long the others wait is packets, of
/// which one call is to bring about as many as ever, whatever they came as.
public struct ReceiveBudget: Hashable, Sendable {
    private let mostMessages: Int
    private let mostPackets: Int

    /// How many messages to take next; at least 1.
    public private(set) var messages: Int

    /// Creates a budget for single packets.
    ///
    /// - Parameters:
    ///   - mostMessages: The most that one system call takes.
    ///   - mostPackets: How many packets they are to be, about.
    public init(messages mostMessages: Int, packets mostPackets: Int) {
        self.mostMessages = mostMessages
        self.mostPackets = mostPackets
        self.messages = mostMessages
    }

    /// Takes into account how many packets some messages were.
    public mutating func note(messages: Int, packets: Int) {
        guard messages > 0, packets > 0 else { return }
        self.messages = min(max(self.mostPackets * messages / packets, 1), self.mostMessages)
    }
}
