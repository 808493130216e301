/// The values in which two documents of the same thing differ.
struct DocumentDifference: Hashable, Sendable {
    /// One value before and after; nil where there is no such key.
    struct Field: Hashable, Sendable {
        let key: String
        let before: JSONValue?
        let after: JSONValue?

        /// `mtu 1280 -> 1428`.
        var words: String { "\(self.key) \(self.before?.words ?? "none") -> \(self.after?.words ?? "none")" }
    }

    /// By key.
    let fields: [Field]

    /// Compares two JSON objects; a text that is nil, or no object, is one without keys.
    init(from before: String?, to after: String?) {
        let old = before.flatMap { JSONValue(parsing: $0) }?.members ?? [:]
        let new = after.flatMap { JSONValue(parsing: $0) }?.members ?? [:]
        self.fields = Set(old.keys).union(new.keys).sorted().compactMap { key in
            Self.isSame(old[key], new[key]) ? nil : Field(key: key, before: old[key], after: new[key])
        }
    }

    /// Whether two values are the same, texts octet by octet.
    private static func isSame(_ before: JSONValue?, _ after: JSONValue?) -> Bool {
        before == after && (before?.words).isExactly(after?.words)
    }

    /// Compares two documents.
    init(between before: some Encodable, and after: some Encodable) throws {
        self.init(from: try JSONText.compact(before), to: try JSONText.compact(after))
    }
}
