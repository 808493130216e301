internal import Central
internal import Streams

extension JSONText {
    /// Over several lines, for `--json`.
    static func pretty(_ value: some Encodable) throws -> PrintedText {
        PrintedText(json: try Self.indented(value))
    }

    /// The same of lists that may be long.
    static func pretty(_ documents: [some JSONDocument]) -> PrintedText {
        PrintedText(json: Self.indented(documents))
    }
}
