internal import Central

/// What a push would change on one PoP, as `--json` prints it.
struct PlanDocument: Encodable {
    let pop: String
    @ExplicitNull private(set) var wave: String?
    @ExplicitNull private(set) var changes: [String]?
    @ExplicitNull private(set) var held: String?
    @ExplicitNull private(set) var stopped: String?
    @ExplicitNull private(set) var error: String?

    init(_ item: FleetPlan.Item) {
        self.pop = item.pop.name.description
        self.wave = item.wave?.rawValue
        self.changes = try? item.changes.get()
        self.held = item.hold?.words(for: item.pop.name)
        self.stopped = item.rejection
        if case .failure(let failure) = item.changes { self.error = failure.message(for: item.pop.name) }
    }
}
