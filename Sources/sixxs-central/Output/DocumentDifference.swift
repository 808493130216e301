internal import Foundation

/// The values in which two documents of the same thing differ.
struct DocumentDifference: Hashable, Sendable {
    /// One value before and after, as JSON; nil where there is no such key.
    struct Field: Hashable, Sendable {
        let key: String
        let before: String?
        let after: String?
    }

    /// By key.
    let fields: [Field]

    /// Compares two JSON objects; a text that is nil, or no object, is one without keys.
    init(from before: String?, to after: String?) {
        let (old, new) = (Self.values(before), Self.values(after))
        self.fields = Set(old.keys).union(new.keys).sorted().compactMap { key in
            old[key] == new[key] ? nil : Field(key: key, before: old[key], after: new[key])
        }
    }

    /// Compares two documents.
    init(between before: some Encodable, and after: some Encodable) throws {
        self.init(from: try JSONText.compact(before), to: try JSONText.compact(after))
    }

    private static func values(_ text: String?) -> [String: String] {
        guard let text, let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)),
            let dictionary = object as? [String: Any]
        else { return [:] }
        return dictionary.mapValues { value in
            let options: JSONSerialization.WritingOptions = [
                .fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes,
            ]
            let data = try? JSONSerialization.data(withJSONObject: value, options: options)
            return data.map { String(decoding: $0, as: UTF8.self) } ?? "\(value)"
        }
    }
}

extension DocumentDifference.Field {
    /// `mtu 1280 -> 1428`, without the quotes of JSON.
    var words: String {
        "\(self.key) \(Self.plain(self.before)) -> \(Self.plain(self.after))"
    }

    /// What people read in a value's place; `none` for null, for an empty text and for no value.
    static func plain(_ json: String?) -> String {
        guard let json, json != "null", json != "\"\"", json != "[]" else { return "none" }
        return json.hasPrefix("\"") && json.hasSuffix("\"") ? String(json.dropFirst().dropLast()) : json
    }
}
