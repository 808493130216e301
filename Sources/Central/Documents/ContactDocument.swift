/// One contact with a PoP as `--json` prints it.
package struct ContactDocument: Encodable {
    package let time: String
    @ExplicitNull package private(set) var pop: String?
    package let kind: String
    package let seconds: Double
    package let outcome: String
    @ExplicitNull package private(set) var generation: Int?
    package let detail: String

    package init(_ contact: Contact, pop: PoPName?) {
        self.time = contact.started.iso8601
        self.pop = pop?.description
        self.kind = contact.kind.rawValue
        self.seconds = Double(contact.duration.milliseconds) / 1000
        self.outcome = contact.outcome
        self.generation = contact.generation
        self.detail = contact.detail
    }
}
