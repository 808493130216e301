internal import Central
internal import HTTP

/// What an address shows: a page for people, a document for programs.
struct View: Sendable {
    let title: String
    let body: HTML

    /// Writes the same as JSON: only where it is asked for, since it takes as long as the page.
    let json: @Sendable () throws -> String

    /// Of what is one thing.
    init(_ title: String, _ document: some Encodable & Sendable, _ body: HTML) {
        self.title = title
        self.body = body
        self.json = { try JSONText.indented(document) }
    }

    /// Of a list that may be long.
    init(_ title: String, list documents: [some JSONDocument & Sendable], _ body: HTML) {
        self.title = title
        self.body = body
        self.json = { JSONText.indented(documents) }
    }
}
