/// The configurations that a PoP had, and its last pushes, as `--json` prints them.
package struct HistoryDocument: Encodable, Sendable {
    package let pop: String
    @ExplicitNull package private(set) var held: StatusDocument.Held?
    package let generations: [Row]
    package let contacts: [ContactDocument]

    /// A generation.
    package struct Row: Encodable, Sendable {
        package let generation: Int
        package let time: String
        package let author: String
        package let reason: String
        @ExplicitNull package private(set) var confirmed: String?
        package let digest: String

        init(_ generation: GenerationSummary) {
            self.generation = generation.number
            self.time = generation.created.iso8601
            self.author = generation.author
            self.reason = generation.reason
            self.confirmed = generation.confirmed?.iso8601
            self.digest = generation.digest
        }
    }

    package init(_ answer: ShowHistory.Answer, of pop: PoPName) {
        self.pop = pop.description
        self.held = answer.hold.map(StatusDocument.Held.init)
        self.generations = answer.generations.map(Row.init)
        self.contacts = answer.pushes.map { ContactDocument($0, pop: pop) }
    }
}
