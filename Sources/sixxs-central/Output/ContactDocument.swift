internal import Central

/// One contact with a PoP as `--json` prints it.
struct ContactDocument: Encodable {
    let time: String
    @ExplicitNull private(set) var pop: String?
    let kind: String
    let seconds: Double
    let outcome: String
    @ExplicitNull private(set) var generation: Int?
    let detail: String

    init(_ contact: Contact, pop: PoPName?) {
        self.time = contact.started.iso8601
        self.pop = pop?.description
        self.kind = contact.kind.rawValue
        self.seconds = Double(contact.duration.milliseconds) / 1000
        self.outcome = contact.outcome
        self.generation = contact.generation
        self.detail = contact.detail
    }

    static func table(_ documents: [ContactDocument]) -> TextTable {
        var table = TextTable([
            .left("TIME"), .left("POP"), .left("WHAT", rank: 1), .right("SECONDS", rank: 2), .left("OUTCOME"),
            .right("GENERATION", rank: 3), .prose("DETAIL"),
        ])
        for contact in documents {
            table.append([
                contact.time, contact.pop, contact.kind, "\(contact.seconds)", contact.outcome,
                contact.generation.map(String.init), contact.detail,
            ])
        }
        return table
    }
}
