/// One line of the audit as `--json` prints it.
package struct AuditDocument: Encodable, Hashable, Sendable {
    package let revision: Int64
    package let time: String
    package let author: String
    package let action: String
    package let subject: String
    @ExplicitNull package private(set) var before: JSONValue?
    @ExplicitNull package private(set) var after: JSONValue?

    package init(_ entry: AuditEntry) {
        self.revision = entry.revision
        self.time = entry.time.iso8601
        self.author = entry.author
        self.action = entry.action
        self.subject = entry.subject
        self.before = entry.before.flatMap { JSONValue(parsing: $0) }
        self.after = entry.after.flatMap { JSONValue(parsing: $0) }
    }
}
