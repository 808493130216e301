internal import Central

/// One line of the audit as `--json` prints it.
struct AuditDocument: Encodable, Hashable, Sendable {
    let revision: Int64
    let time: String
    let author: String
    let action: String
    let subject: String
    @ExplicitNull private(set) var before: JSONValue?
    @ExplicitNull private(set) var after: JSONValue?

    init(_ entry: AuditEntry) {
        self.revision = entry.revision
        self.time = entry.time.iso8601
        self.author = entry.author
        self.action = entry.action
        self.subject = entry.subject
        self.before = entry.before.flatMap { JSONValue(parsing: $0) }
        self.after = entry.after.flatMap { JSONValue(parsing: $0) }
    }
}
