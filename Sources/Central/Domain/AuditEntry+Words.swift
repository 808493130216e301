extension AuditEntry {
    /// Values that differ with every change and say nothing.
    private static let silent: Set<String> = ["created", "changed"]

    /// What happened in one line: `change tunnel T12: mtu 1280 -> 1428`.
    package var words: String {
        let fields = DocumentDifference(from: self.before, to: self.after).fields.filter {
            !Self.silent.contains($0.key)
        }
        let details =
            switch self.action {
            case "add": fields.compactMap { Self.value($0.key, $0.after) }
            case "remove": fields.compactMap { Self.value($0.key, $0.before) }
            default: fields.map(Self.words(of:))
            }
        let head = "\(self.action) \(self.subject)"
        return details.isEmpty ? head : "\(head): \(details.joined(separator: ", "))"
    }

    /// What is different in a field, in words.
    private static func words(of field: DocumentDifference.Field) -> String {
        switch field.key {
        case "passwordChanged": "password changed"
        case "updateKeyChanged": "update key changed"
        case "passwordSet": field.after == .bool(true) ? "password set" : "password removed"
        case "webPasswordSet": field.after == .bool(true) ? "web password set" : "web password removed"
        case "suspended": field.after == .bool(true) ? "suspended" : "resumed"
        case "note": field.after?.words ?? ""
        default: field.words
        }
    }

    /// Nil for what is not set.
    private static func value(_ key: String, _ value: JSONValue?) -> String? {
        if key == "passwordSet" { return value == .bool(true) ? "password set" : nil }
        if key == "webPasswordSet" { return value == .bool(true) ? "web password set" : nil }
        if key == "suspended" { return value == .bool(true) ? "suspended" : nil }
        // What most are is not worth a word.
        if key == "role", value == .text(UserRole.user.rawValue) { return nil }
        guard let value, value.words != "none" else { return nil }
        return "\(key) \(value.words)"
    }
}
