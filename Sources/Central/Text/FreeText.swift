package import Wire

/// Texts that people choose, on their way into the registry: what could not be stored or shown as it is, is refused.
package enum FreeText {
    /// In octets: longer than any name, town or address of mail.
    package static let limit = 255

    /// One line, perhaps empty; blanks before and behind it are none of it.
    ///
    /// - Throws: `SyntaxError` for control characters, line breaks, what is invisible or turns the direction of
    ///   reading, what is no UTF-8, and for more than ``limit`` octets.
    package static func line(_ text: String) throws(SyntaxError) -> String {
        try Self.check(text.trimmed, limit: Self.limit)
    }

    /// One word: the same without blanks, and not empty.
    ///
    /// - Throws: `SyntaxError`.
    package static func word(_ text: String) throws(SyntaxError) -> String {
        let word = try Self.line(text)
        guard !word.isEmpty, !word.contains(where: \.isWhitespace) else {
            throw SyntaxError(expected: "a word without blanks", found: text)
        }
        return word
    }

    /// The name or address of a host: what ends like a number must be an address as we write it, since resolvers take
    /// `192.0.2.010` for 192.0.2.8, and `3221225985` for 192.0.2.1.
    ///
    /// - Throws: `SyntaxError`.
    package static func host(_ text: String) throws(SyntaxError) -> String {
        let word = try Self.word(text)
        guard Self.isName(word) || (try? IPAddress(parsing: word)) != nil else {
            throw SyntaxError(
                expected: "a host name, or an address without leading zeros such as 192.0.2.1 or 2001:db8::1",
                found: text
            )
        }
        return word
    }

    /// Whether no resolver takes it for an address: it has no colon, and its last label is no number.
    private static func isName(_ text: String) -> Bool {
        let labels = text.lowercased().split(separator: ".")
        guard !text.contains(":"), let last = labels.last else { return false }
        let digits = last.hasPrefix("0x") ? last.dropFirst(2) : last
        return !digits.utf8.allSatisfy { octet in
            (0x30...0x39).contains(octet) || last.hasPrefix("0x") && (0x61...0x66).contains(octet)
        }
    }

    /// A path, which may be longer.
    ///
    /// - Throws: `SyntaxError`.
    package static func path(_ text: String) throws(SyntaxError) -> String {
        guard !text.isEmpty else { throw SyntaxError(expected: "a path", found: text) }
        // PATH_MAX of Linux.
        return try Self.check(text, limit: 4095)
    }

    /// Any text that can be stored: lengths are judged where it enters, and what the registry holds already may be longer.
    ///
    /// - Throws: `SyntaxError`.
    package static func check(_ text: String, limit: Int = .max) throws(SyntaxError) -> String {
        if let (scalar, position) = text.firstUnprintable {
            let what =
                scalar == "\u{fffd}" ? "octets that are not UTF-8" : "U+\(Self.hexadecimal(scalar))"
            throw SyntaxError(
                expected:
                    "one line without control or invisible characters (character \(position + 1) is \(what))",
                found: text
            )
        }
        guard text.utf8.count <= limit else {
            throw SyntaxError(expected: "at most \(limit) octets", found: String(text.prefix(40)))
        }
        return text
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

extension String {
    /// The text without blanks, tabs and the like before and behind it, of which none is a line break.
    var trimmed: String {
        func isBlank(_ scalar: Unicode.Scalar) -> Bool {
            scalar.isASCII
                ? scalar == " " || scalar == "\t" : scalar.properties.generalCategory == .spaceSeparator
        }
        let scalars = self.unicodeScalars.drop(while: isBlank)
        guard let last = scalars.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(scalars[...last])
    }

    /// The text without what some editors write before it.
    var withoutByteOrderMark: String {
        self.unicodeScalars.first == "\u{feff}" ? String(self.unicodeScalars.dropFirst()) : self
    }
}
