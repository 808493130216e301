internal import Wire

/// An address that a link may have: one that loads a page or opens a mail, and never one that runs a script.
package struct URLText: Hashable, Sendable {
    /// As it stands in `href`, before quotes and ampersands are escaped.
    package let text: String

    /// An address of ours.
    ///
    /// - Parameters:
    ///   - path: The segments of its path, which are encoded.
    ///   - query: Names and values, which are encoded.
    package init(path: [String], query: [(name: String, value: String)] = []) {
        let path = path.map { "/\(PercentEncoding.encode($0))" }.joined()
        let query = query.map {
            "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))"
        }.joined(separator: "&")
        self.text = (path.isEmpty ? "/" : path) + (query.isEmpty ? "" : "?\(query)")
    }

    /// An address that somebody gave: of http, https or mailto, or a path of this server; nil for anything else.
    package init?(checking text: String) {
        // Browsers drop control characters and blanks inside a scheme's name, and take backslashes for slashes.
        guard text.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F && $0 != "\\" }) else {
            return nil
        }
        let lowercased = text.lowercased()
        let isForeign = ["http://", "https://", "mailto:"].contains { lowercased.hasPrefix($0) }
        // Two slashes are an address without its scheme.
        let isOurs = text.hasPrefix("/") && !text.hasPrefix("//")
        guard isForeign || isOurs else { return nil }
        self.text = text
    }
}
