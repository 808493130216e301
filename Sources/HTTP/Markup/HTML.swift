/// A piece of a page, in which whatever came from data is text and never markup.
///
/// A literal is the author's, and stands as it is; what is interpolated is escaped, so that it may stand as text between
/// tags and inside quoted attributes. It must not stand in an attribute without quotes, nor inside `style` or `script`,
/// of which no page of ours has any. For the addresses of links there is ``URLText``.
package struct HTML: ExpressibleByStringInterpolation, Hashable, Sendable {
    /// The markup.
    package private(set) var text: String

    package init(stringLiteral value: String) { self.text = value }

    package init(stringInterpolation: StringInterpolation) { self.text = stringInterpolation.text }

    private init(markup: String) { self.text = markup }

    /// Nothing.
    package static let empty: HTML = ""

    /// A picture that code of ours drew, with everything from data in it escaped already.
    package static func trusted(svg: String) -> HTML { HTML(markup: svg) }

    /// The pieces one after the other.
    package static func joined(_ pieces: some Sequence<HTML>, separator: HTML = .empty) -> HTML {
        HTML(markup: pieces.map(\.text).joined(separator: separator.text))
    }

    package static func + (left: HTML, right: HTML) -> HTML { HTML(markup: left.text + right.text) }

    package static func += (left: inout HTML, right: HTML) { left.text += right.text }

    /// What literals and values become.
    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var text = ""

        package init(literalCapacity: Int, interpolationCount: Int) {
            self.text.reserveCapacity(literalCapacity + 16 * interpolationCount)
        }

        package mutating func appendLiteral(_ literal: String) { self.text += literal }

        package mutating func appendInterpolation(_ html: HTML) { self.text += html.text }

        package mutating func appendInterpolation(_ html: [HTML]) {
            for piece in html { self.text += piece.text }
        }

        package mutating func appendInterpolation(_ text: some StringProtocol) {
            Self.escape(text, into: &self.text)
        }

        package mutating func appendInterpolation(_ number: some BinaryInteger) { self.text += "\(number)" }

        package mutating func appendInterpolation(_ url: URLText) { Self.escape(url.text, into: &self.text) }

        private static func escape(_ text: some StringProtocol, into result: inout String) {
            // Most texts have none of these, and are taken as they are.
            guard text.utf8.contains(where: { "&<>\"'".utf8.contains($0) || $0 == 0 }) else {
                result += text
                return
            }
            for scalar in text.unicodeScalars {
                switch scalar {
                case "&": result += "&amp;"
                case "<": result += "&lt;"
                case ">": result += "&gt;"
                case "\"": result += "&quot;"
                case "'": result += "&#39;"
                // No page may have one: a parser would put this in its place.
                case "\0": result += "\u{fffd}"
                default: result.unicodeScalars.append(scalar)
                }
            }
        }
    }
}
