/// What a request asks for: the second word of its first line (RFC 9112 §3.2).
public struct RequestTarget: Hashable, Sendable {
    /// The parts of the path between its slashes, each as it is meant; none of `/`.
    ///
    /// A slash that came encoded is part of its segment, and `.` and `..` are segments like others: nothing here is a
    /// file's path.
    public let path: [String]

    /// What follows the question mark.
    public let query: FormFields

    /// Reads `/pops/chtst01?last=day`, or the same behind `http://host`.
    ///
    /// - Throws: ``SyntaxError`` for anything else, `*` and `CONNECT`'s `host:port` among it.
    public init(parsing text: some StringProtocol) throws(SyntaxError) {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F }
        guard isPlain, let origin = Self.withoutOrigin(text), origin.utf8.first == UInt8(ascii: "/") else {
            throw SyntaxError(expected: "a path such as /pops", found: text.printable.shortened(to: 60))
        }
        // What follows a number sign is for whoever asks, and none of the target.
        let target = origin.prefix { $0 != "#" }
        let sides = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var path: [String] = []
        let segments = sides[0].dropFirst()
        for segment in segments.isEmpty
            ? [] : segments.split(separator: "/", omittingEmptySubsequences: false)
        {
            guard let decoded = PercentEncoding.decode(segment, plus: .plus) else {
                throw SyntaxError(expected: "a path in UTF-8", found: text.printable.shortened(to: 60))
            }
            path.append(decoded)
        }
        self.path = path
        self.query = sides.count > 1 ? try FormFields(parsing: sides[1]) : FormFields()
    }

    /// The target without `http://host` in front, which servers must take as well (RFC 9112 §3.2.2).
    private static func withoutOrigin<Text: StringProtocol>(_ text: Text) -> Text.SubSequence? {
        for scheme in ["http://", "https://"] where text.prefix(scheme.count).lowercased() == scheme {
            let rest = text.dropFirst(scheme.count)
            return rest.firstIndex(of: "/").map { rest[$0...] }
        }
        return text[...]
    }
}

extension RequestTarget: CustomStringConvertible {
    /// The target as it stands in a request.
    public var description: String {
        let path = self.path.map { "/\(PercentEncoding.encode($0))" }.joined()
        let query = self.query.description
        return (path.isEmpty ? "/" : path) + (query.isEmpty ? "" : "?\(query)")
    }
}
