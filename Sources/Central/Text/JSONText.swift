package import Foundation
internal import Wire

/// JSON as the centre prints it: sorted keys, so that two outputs can be compared line by line.
package enum JSONText {
    /// Over several lines, for people.
    package static func indented(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try Self.encode(value, encoder)
    }

    /// Over several lines, for people, of lists that may be long.
    package static func indented(_ documents: [some JSONDocument]) -> String {
        var writer = JSONWriter(isIndented: true)
        writer.array(documents) { $1.write(to: &$0) }
        return writer.text
    }

    /// On one line, for what is followed.
    package static func line(_ value: some Encodable) throws -> String { try Self.compact(value) }

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
        if let document = value as? any JSONDocument {
            var writer = JSONWriter(isIndented: encoder.outputFormatting.contains(.prettyPrinted))
            document.write(to: &writer)
            return writer.text
        }
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}

extension Date {
    /// `2026-11-24T22:56:28Z`.
    package var iso8601: String {
        let seconds = Int64(exactly: self.timeIntervalSince1970.rounded(.down))
        return seconds.flatMap { UTCTime($0)?.description } ?? self.formatted(.iso8601)
    }
}
