/// Which types of media somebody accepts, and how gladly: the header `Accept` (RFC 9110 §12.5.1).
public struct AcceptedMedia: Hashable, Sendable {
    /// Ranges that are read; browsers send about eight.
    public static let most = 32

    private struct Range: Hashable {
        /// `text/html`, `text/*` or `*/*`, in lower case.
        let type: String
        /// Thousandths.
        let quality: Int

        /// How exactly it names a type.
        var precision: Int { self.type == "*/*" ? 0 : self.type.hasSuffix("/*") ? 1 : 2 }
    }

    private let ranges: [Range]

    /// Reads the header; what is no range in it is passed over, as is what follows the ``most`` that are read.
    ///
    /// - Parameter text: Its value; nil when it did not come, which accepts everything.
    public init(parsing text: String?) {
        guard let text else {
            self.ranges = [Range(type: "*/*", quality: 1000)]
            return
        }
        self.ranges = text.split(separator: ",").prefix(Self.most).compactMap(Self.range)
    }

    private static func range(_ text: Substring) -> Range? {
        var parts = text.split(separator: ";").map(\.withoutOuterBlanks)
        guard !parts.isEmpty else { return nil }
        let type = parts.removeFirst().lowercased()
        let sides = type.split(separator: "/", omittingEmptySubsequences: false)
        guard sides.count == 2, sides.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isToken) }),
            sides[0] != "*" || sides[1] == "*"
        else { return nil }
        let weight = parts.first { $0.lowercased().hasPrefix("q=") }
        guard let weight else { return Range(type: type, quality: 1000) }
        return Self.quality(weight.dropFirst(2)).map { Range(type: type, quality: $0) }
    }

    /// A character of a token (RFC 9110 §5.6.2).
    private static func isToken(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
        default: Array("!#$%&'*+-.^_`|~".utf8).contains(octet)
        }
    }

    /// `0`, `0.5`, `1.000`: at most three digits behind the point.
    private static func quality(_ text: Substring) -> Int? {
        let sides = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard sides[0] == "0" || sides[0] == "1" else { return nil }
        let digits = sides.count > 1 ? sides[1] : ""
        guard digits.utf8.count <= 3, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        let thousandths = Int(digits + String(repeating: "0", count: 3 - digits.utf8.count)) ?? 0
        let quality = (sides[0] == "1" ? 1000 : 0) + thousandths
        return quality <= 1000 ? quality : nil
    }

    /// How gladly a type is accepted.
    ///
    /// - Parameter type: The type in lower case, without parameters.
    /// - Returns: Thousandths; 0 when it is not.
    public func quality(of type: String) -> Int {
        let family = type.prefix { $0 != "/" } + "/*"
        let matching = self.ranges.filter { $0.type == type || $0.type == family || $0.type == "*/*" }
        guard let precision = matching.map(\.precision).max() else { return 0 }
        return matching.first { $0.precision == precision }?.quality ?? 0
    }

    /// Which of some types is accepted most gladly.
    ///
    /// - Parameter types: What there is, at least one.
    /// - Returns: The first of those that are accepted alike; the first of all when none is.
    public func preferred(of types: [String]) -> String? {
        var best = types.first
        var quality = best.map(self.quality) ?? 0
        for type in types.dropFirst() where self.quality(of: type) > quality {
            best = type
            quality = self.quality(of: type)
        }
        return best
    }
}

extension StringProtocol {
    /// The text without blanks and tabs before and behind it, as they may stand around parts of a header.
    var withoutOuterBlanks: String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        let start = self.drop(while: isBlank)
        guard let last = start.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(start[...last])
    }
}
