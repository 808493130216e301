internal import Streams

/// Where something stands in a file of the inventory.
struct InventoryPlace: Hashable, Comparable, Sendable, CustomStringConvertible {
    let file: String

    /// Counted from 1.
    let line: Int

    /// Counted from 1.
    let column: Int

    static func < (lhs: Self, rhs: Self) -> Bool {
        (lhs.file, lhs.line, lhs.column) < (rhs.file, rhs.line, rhs.column)
    }

    /// `file:line:column`, as compilers write it.
    var description: String { "\(self.file):\(self.line):\(self.column)" }
}

/// One thing that is wrong in the inventory.
struct InventoryProblem: Hashable, Sendable, CustomStringConvertible {
    let place: InventoryPlace

    /// The key it is about, `ssh.port`; nil when the file itself is.
    let key: String?

    /// What would have been accepted, as a noun phrase.
    let expected: String

    /// What stands there instead.
    let found: String

    /// `file:line:column: key: expected …, found …`.
    var description: String {
        let key = self.key.map { "\($0): " } ?? ""
        return "\(self.place): \(key)expected \(self.expected), found \(self.found)"
    }
}

/// Everything that is wrong in the inventory, so that it can be mended in one go.
struct InventoryError: ErrorInLines, Hashable, Sendable, CustomStringConvertible {
    let problems: [InventoryProblem]

    /// A line a problem, in the order of the files.
    var lines: [String] {
        let sorted = self.problems.sorted { $0.place < $1.place }
        return ["the inventory has errors; nothing was changed"] + sorted.map(\.description)
    }

    var description: String { self.lines.joined(separator: "\n") }
}
