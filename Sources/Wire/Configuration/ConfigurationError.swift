/// What is wrong in a configuration text, and where.
public struct ConfigurationError: Error, Hashable, Sendable {
    /// The file's name, or what stands for it ("push").
    public var file: String

    /// Line, counted from 1.
    public var line: Int

    /// Column of the offending word, counted from 1 in octets; a tab is one.
    public var column: Int

    /// What would have been accepted, as a noun phrase.
    public var expected: String

    /// What stood there instead; "end of line" when nothing did.
    public var found: String

    /// Creates an error.
    public init(file: String, line: Int, column: Int, expected: String, found: String) {
        self.file = file
        self.line = line
        self.column = column
        self.expected = expected
        self.found = found
    }
}

extension ConfigurationError: CustomStringConvertible {
    /// `file:line:column: expected …, found …`, as compilers write it.
    public var description: String {
        "\(self.file):\(self.line):\(self.column): expected \(self.expected), found \(self.found)"
    }
}
