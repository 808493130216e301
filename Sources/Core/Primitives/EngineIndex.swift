/// Which of a PoP's engines one is.
///
/// All of them forward; what is done once for the PoP, the first does: it probes, takes tunnels down, and says what becomes
/// of a session when the configuration changes.
public struct EngineIndex: Hashable, Sendable {
    /// The index of an engine that is alone.
    public static let only = EngineIndex(0, of: 1)

    /// From 0 on.
    public let number: Int
    /// How many engines there are.
    public let count: Int

    /// Creates an index.
    public init(_ number: Int, of count: Int) {
        self.number = number
        self.count = count
    }

    /// Whether it does what is done once.
    public var isFirst: Bool { self.number == 0 }
}
