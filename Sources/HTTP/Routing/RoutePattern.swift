/// Paths that are answered alike: `/pops/{name}` is every path of two segments of which the first is `pops`.
package struct RoutePattern: Hashable, Sendable, CustomStringConvertible {
    private enum Segment: Hashable {
        case literal(String)
        case parameter(String)
    }

    /// As it was written; what metrics are counted by, since there are no more patterns than routes.
    package let description: String
    private let segments: [Segment]

    /// Reads a pattern.
    ///
    /// - Parameter text: Segments that stand for themselves, and names in braces that stand for any that is not empty.
    package init(_ text: StaticString) {
        self.description = "\(text)"
        self.segments = self.description.split(separator: "/").map { segment in
            segment.hasPrefix("{")
                ? .parameter(String(segment.dropFirst().dropLast())) : .literal(String(segment))
        }
    }

    /// What the names stand for in a path; nil when it is not of this pattern.
    func match(_ path: [String]) -> [String: String]? {
        guard path.count == self.segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, text) in zip(self.segments, path) {
            switch segment {
            case .literal(let literal): guard literal.utf8.elementsEqual(text.utf8) else { return nil }
            case .parameter(let name):
                guard !text.isEmpty else { return nil }
                parameters[name] = text
            }
        }
        return parameters
    }
}
