internal import Central
internal import Wire

/// What a push would change on one PoP, as `--json` prints it.
struct PlanDocument: Encodable {
    /// One tunnel, subnet or setting.
    struct Change: Encodable, Hashable {
        /// `added`, `changed` or `removed`.
        let change: String

        /// `tunnel T7`, `subnet 2001:db8::/48`, `pop tunnelprefix`.
        let item: String
        let fields: [Field]
    }

    /// One value before and after; both are null of a password, which only differs.
    struct Field: Encodable, Hashable {
        let field: String
        @ExplicitNull private(set) var from: String?
        @ExplicitNull private(set) var to: String?
    }

    /// What a push would change once the PoP is released.
    struct Release: Encodable, Hashable {
        let changes: [String]
        let items: [Change]
        @ExplicitNull private(set) var stopped: String?
    }

    let pop: String
    @ExplicitNull private(set) var wave: String?

    /// A line each, as people read them.
    @ExplicitNull private(set) var changes: [String]?

    /// The same, taken apart.
    @ExplicitNull private(set) var items: [Change]?
    @ExplicitNull private(set) var held: String?
    @ExplicitNull private(set) var unhold: Release?
    @ExplicitNull private(set) var stopped: String?
    @ExplicitNull private(set) var error: String?

    init(_ item: FleetPlan.Item) {
        self.pop = item.pop.name.description
        self.wave = item.wave?.rawValue
        let changes = try? item.changes.get()
        self.changes = changes?.map(\.description)
        self.items = changes?.map(Change.init)
        self.held = item.hold?.words(for: item.pop.name)
        self.unhold = item.release.map { release in
            Release(
                changes: release.changes.map(\.description),
                items: release.changes.map(Change.init),
                stopped: release.rejection
            )
        }
        self.stopped = item.rejection
        if case .failure(let failure) = item.changes { self.error = failure.message(for: item.pop.name) }
    }

    /// The plan of one PoP as people read it.
    var lines: [String] {
        let changes = self.changes ?? []
        let wave = self.wave.map { $0 == Wave.all.rawValue ? "" : ", wave \($0)" } ?? ""
        var lines = ["\(self.pop): \(Self.count(changes))\(changes.isEmpty ? "" : wave)"]
        lines += changes.map { "  \($0)" }
        if let held = self.held { lines.append("  \(held)") }
        if let stopped = self.stopped { lines.append("  would be stopped: \(stopped)") }
        guard let release = self.unhold else { return lines }
        lines.append("  after unhold the next push would bring \(Self.count(release.changes))")
        lines += release.changes.map { "    \($0)" }
        if let stopped = release.stopped { lines.append("    would be stopped: \(stopped)") }
        return lines
    }

    private static func count(_ changes: [String]) -> String {
        switch changes.count {
        case 0: "nothing"
        case 1: "1 change"
        default: "\(changes.count) changes"
        }
    }
}

extension PlanDocument.Change {
    init(_ change: ConfigurationItemChange) {
        self.init(
            change: "\(change.kind)",
            item: change.item,
            fields: change.fields.map {
                PlanDocument.Field(field: $0.name.isEmpty ? "value" : $0.name, from: $0.old, to: $0.new)
            }
        )
    }
}
