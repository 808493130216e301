package import Wire

/// The name of a PoP: two letters of its country, three of its town, two digits.
package struct PoPName: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The name as it is written, `chtst01`.
    package let description: String

    /// Parses a name.
    ///
    /// - Throws: `SyntaxError` when the text is not five lower-case letters and two digits.
    package init(parsing text: String) throws(SyntaxError) {
        let octets = Array(text.utf8)
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        guard octets.count == 7, octets.prefix(5).allSatisfy(letters.contains),
            octets.suffix(2).allSatisfy(digits.contains)
        else {
            throw SyntaxError(
                expected: "a PoP name of five lower-case letters and two digits such as chtst01",
                found: text
            )
        }
        self.description = text
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.description < rhs.description }
}
