/// Why a piece of text is not the value it was taken for.
public struct SyntaxError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What would have been accepted, as a noun phrase ("an IPv6 address").
    public let expected: String

    /// The text that stood there instead.
    public let found: String

    /// Creates an error from what was expected and what was found.
    public init(expected: String, found: String) {
        self.expected = expected
        self.found = found
    }

    /// One sentence for people.
    public var description: String { "expected \(self.expected), found \"\(self.found)\"" }
}
