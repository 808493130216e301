package import Wire

/// What changes of a configuration come to, for who has to say yes or no: counts, and the first few of each.
package struct ChangeSummary: Hashable, Sendable {
    private let changes: [ConfigurationItemChange]

    /// How many tunnels carry packets before; nil when nobody knows.
    private let tunnelsBefore: Int?

    /// How many are named of each kind.
    private static let named = 5

    package init(_ changes: [ConfigurationItemChange], tunnelsBefore: Int? = nil) {
        self.changes = changes
        self.tunnelsBefore = tunnelsBefore
    }

    /// A line a kind of change, what goes away first; empty when nothing changes.
    package var lines: [String] {
        let of = self.tunnelsBefore.map { " of \($0)" } ?? ""
        return [
            Self.line("takes away", self.items(.removed, "tunnel"), "tunnel", of: of),
            Self.line("disables", self.disabled.map(\.name), "tunnel", of: of),
            Self.line("takes away", self.items(.removed, "subnet"), "subnet"),
            Self.line("takes away", self.items(.removed, "pop"), "setting"),
            Self.line("changes", self.items(.changed, "tunnel").filter { !self.isDisabled($0) }, "tunnel"),
            Self.line("changes", self.items(.changed, "subnet"), "subnet"),
            Self.line("changes", self.items(.changed, "pop"), "setting"),
            Self.line("adds", self.items(.added, "tunnel"), "tunnel"),
            Self.line("adds", self.items(.added, "subnet"), "subnet"),
            Self.line("adds", self.items(.added, "pop"), "setting"),
        ].compactMap(\.self)
    }

    private var disabled: [ConfigurationItemChange] {
        self.changes.filter { change in
            change.kind == .changed && change.fields.contains { $0.name == "enabled" && $0.new == "no" }
        }
    }

    private func isDisabled(_ name: String) -> Bool { self.disabled.contains { $0.name == name } }

    private func items(_ kind: ConfigurationItemChange.Kind, _ word: String) -> [String] {
        self.changes.filter { $0.kind == kind && $0.item.hasPrefix("\(word) ") }.map(\.name)
    }

    private static func line(_ verb: String, _ names: [String], _ noun: String, of: String = "") -> String? {
        guard !names.isEmpty else { return nil }
        let plural = names.count == 1 && of.isEmpty ? noun : "\(noun)s"
        return "\(verb) \(names.count)\(of) \(plural): \(names.listed(first: Self.named))"
    }
}

extension ConfigurationItemChange {
    /// The item without the word for what it is: `T7`.
    fileprivate var name: String { String(self.item.drop { $0 != " " }.dropFirst()) }
}

extension [String] {
    /// `T1, T2, T3 and 12 more`.
    package func listed(first count: Int) -> String {
        let named = self.prefix(count).joined(separator: ", ")
        return self.count > count ? "\(named) and \(self.count - count) more" : named
    }
}
