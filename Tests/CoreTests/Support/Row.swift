import Testing

/// One named row of a table of inputs and what must come out.
struct Row<Input: Sendable, Output: Sendable>: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let input: Input
    let output: Output

    init(_ name: String, _ input: Input, is output: Output) {
        self.testDescription = name
        self.input = input
        self.output = output
    }
}
