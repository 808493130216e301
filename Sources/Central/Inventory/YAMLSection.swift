internal import Wire
internal import Yams

/// Collects what is wrong while files are read.
final class InventoryProblems {
    private(set) var all: [InventoryProblem] = []

    func note(_ place: InventoryPlace, key: String?, expected: String, found: String) {
        self.all.append(InventoryProblem(place: place, key: key, expected: expected, found: found))
    }
}

/// A value and where it stands.
struct Located<Value> {
    let value: Value
    let place: InventoryPlace
}

/// A mapping of a YAML file, read key by key; whatever is not as it should be is noted, with its place.
struct YAMLSection {
    private let file: String

    /// The keys that lead here, with a dot behind each.
    private let path: String
    private let entries: [String: Node]

    /// Where the mapping begins.
    let place: InventoryPlace
    private let problems: InventoryProblems

    /// Takes a mapping whose keys are all known.
    init?(_ node: Node, file: String, path: String = "", keys: [String], problems: InventoryProblems) {
        self.file = file
        self.path = path
        self.problems = problems
        self.place = InventoryPlace(node, in: file)
        guard let mapping = node.mapping else {
            let expected = "a mapping with the keys \(keys.joined(separator: ", "))"
            problems.note(
                self.place,
                key: path.isEmpty ? nil : String(path.dropLast()),
                expected: expected,
                found: node.summary
            )
            return nil
        }
        var entries: [String: Node] = [:]
        for (key, value) in mapping {
            guard let name = key.scalar?.string, keys.contains(name) else {
                let place = InventoryPlace(key, in: file)
                let expected = "one of the keys " + keys.joined(separator: ", ")
                problems.note(
                    place,
                    key: path.isEmpty ? nil : String(path.dropLast()),
                    expected: expected,
                    found: key.summary
                )
                continue
            }
            entries[name] = value
        }
        self.entries = entries
    }

    /// Reads a scalar; nil when it is not there or is wrong.
    func value<Value>(_ key: String, _ parse: (String) throws -> Value) -> Located<Value>? {
        self.entries[key].flatMap { self.scalar($0, key: self.path + key, parse) }
    }

    /// Reads a scalar that must be there.
    func required<Value>(
        _ key: String,
        _ expected: String,
        _ parse: (String) throws -> Value
    ) -> Located<Value>? {
        guard self.entries[key] != nil else {
            self.problems.note(self.place, key: self.path + key, expected: expected, found: "no such key")
            return nil
        }
        return self.value(key, parse)
    }

    /// Reads a list of scalars; empty when it is not there.
    func list<Value>(_ key: String, _ parse: (String) throws -> Value) -> [Located<Value>] {
        guard let node = self.entries[key] else { return [] }
        guard let sequence = node.sequence else {
            let place = InventoryPlace(node, in: self.file)
            self.problems.note(place, key: self.path + key, expected: "a list", found: node.summary)
            return []
        }
        return sequence.compactMap { self.scalar($0, key: self.path + key, parse) }
    }

    /// Reads a mapping inside this one; nil when it is not there.
    func section(_ key: String, keys: [String]) -> YAMLSection? {
        self.entries[key].flatMap { node in
            YAMLSection(
                node,
                file: self.file,
                path: self.path + key + ".",
                keys: keys,
                problems: self.problems
            )
        }
    }

    private func scalar<Value>(
        _ node: Node,
        key: String,
        _ parse: (String) throws -> Value
    ) -> Located<Value>? {
        let place = InventoryPlace(node, in: self.file)
        guard let text = node.scalar?.string else {
            self.problems.note(place, key: key, expected: "one value", found: node.summary)
            return nil
        }
        guard !node.isNull else {
            let expected = "a value, or no such key where there is none"
            self.problems.note(place, key: key, expected: expected, found: "null")
            return nil
        }
        do {
            return Located(value: try parse(text), place: place)
        } catch {
            let expected = (error as? SyntaxError)?.expected ?? "\(error)"
            self.problems.note(place, key: key, expected: expected, found: node.summary)
            return nil
        }
    }
}

extension InventoryPlace {
    /// Where a node begins.
    init(_ node: Node, in file: String) {
        self.init(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    }
}

extension Node {
    /// Whether it is YAML's word for nothing, which is no town of that name.
    fileprivate var isNull: Bool {
        guard let scalar = self.scalar, scalar.style == .plain else { return false }
        return ["~", "null", "Null", "NULL"].contains(scalar.string)
    }

    /// The node in a few words.
    fileprivate var summary: String {
        switch self {
        case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "\"\(scalar.string.prefix(60))\""
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }
}
