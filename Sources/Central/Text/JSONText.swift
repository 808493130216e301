package import Foundation

/// JSON as the centre prints it: sorted keys, so that two outputs can be compared line by line.
package enum JSONText {
    /// Over several lines, for people.
    package static func indented(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try Self.encode(value, encoder)
    }

    /// On one line, for the audit.
    static func compact(_ value: some Encodable) throws -> String {
        try Self.encode(value, Self.compactEncoder())
    }

    /// An encoder for many values, each on one line.
    static func compactEncoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }

    package static func encode(_ value: some Encodable, _ encoder: JSONEncoder) throws -> String {
        String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension Date {
    /// `2026-11-24T22:56:28Z`.
    package var iso8601: String { self.formatted(.iso8601) }
}
