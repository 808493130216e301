internal import Central
internal import HTTP

/// What an address shows: a page for people, a document for programs.
struct View: Sendable {
    let title: String
    let body: HTML

    /// The same as JSON.
    let json: String

    /// Of what is one thing.
    init(_ title: String, _ document: some Encodable, _ body: HTML) throws {
        self.title = title
        self.body = body
        self.json = try JSONText.indented(document)
    }

    /// Of a list that may be long.
    init(_ title: String, list documents: [some JSONDocument], _ body: HTML) {
        self.title = title
        self.body = body
        self.json = JSONText.indented(documents)
    }
}
