internal import Streams

/// Where something stands in a file that is imported.
package struct TransferPlace: Hashable, Sendable, CustomStringConvertible {
    package let file: String

    /// Counted from 1; nil in a format where nobody counts lines.
    package var line: Int?

    /// Counted from 1, in octets.
    package var column: Int?

    /// What it is, where there are no lines: `tunnels[3]`.
    package var item: String?

    /// As much as is known of `file:line:column`.
    package var description: String {
        let numbers = [self.line, self.column].compactMap { $0.map { ":\($0)" } }.joined()
        return self.file + numbers + (self.item.map { ": \($0)" } ?? "")
    }
}

/// One thing that is wrong in a file that is imported.
struct TransferProblem: Hashable, Sendable, CustomStringConvertible {
    let place: TransferPlace

    /// The column or key that it is about.
    let key: String?

    /// What would have been accepted, as a noun phrase.
    let expected: String
    let found: String

    /// `file:line:column: key: expected …, found …`.
    var description: String {
        let key = self.key.map { self.place.item == nil ? ": \($0)" : ".\($0)" } ?? ""
        return "\(self.place)\(key): expected \(self.expected), found \(self.found)"
    }
}

/// Everything that is wrong in a file, so that it can be mended in one go.
package struct TransferError: ErrorInLines, Hashable, Sendable, CustomStringConvertible {
    let problems: [TransferProblem]

    /// How many are shown.
    private static let limit = 20

    /// A line a problem, in the order of the file.
    package var lines: [String] {
        let count = self.problems.count
        let rest = count > Self.limit ? ["… and \(count - Self.limit) more"] : []
        let head = "nothing was imported, since \(count == 1 ? "something is" : "\(count) things are") wrong"
        return [head] + self.problems.prefix(Self.limit).map(\.description) + rest
    }

    package var description: String { self.lines.joined(separator: "\n") }
}

/// Collects what is wrong while a file is read and compared.
final class TransferProblems {
    private var all: [TransferProblem] = []

    func note(_ place: TransferPlace, _ key: String?, expected: String, found: String) {
        self.all.append(TransferProblem(place: place, key: key, expected: expected, found: found))
    }

    /// - Throws: ``TransferError`` when there was any.
    func throwAny() throws(TransferError) {
        guard !self.all.isEmpty else { return }
        func key(_ problem: TransferProblem) -> (Int, Int) {
            (problem.place.line ?? 0, problem.place.column ?? 0)
        }
        throw TransferError(problems: self.all.sorted { key($0) < key($1) })
    }
}
