internal import Testing

/// One named row of a table of inputs and what must come out.
package struct Row<Input: Sendable, Output: Sendable>: Sendable, CustomTestStringConvertible {
    package let testDescription: String
    package let input: Input
    package let output: Output

    package init(_ name: String, _ input: Input, is output: Output) {
        self.testDescription = name
        self.input = input
        self.output = output
    }
}
