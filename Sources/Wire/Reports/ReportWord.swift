/// The words of a report, as far as they are any: nothing that a stranger made up comes through.
enum ReportWord {
    /// So many hexadecimal digits, in lower case.
    static func hexadecimal(_ text: String, _ count: Int) -> String? {
        guard text.utf8.count == count, text.utf8.allSatisfy({ $0.hexadecimalValue != nil }) else {
            return nil
        }
        return text.lowercased()
    }

    /// A version by Semantic Versioning, more or less.
    static func version(_ text: String) -> String? { Self.letters(text, upTo: 32, and: [0x2b, 0x2d, 0x2e]) }

    /// What may be the name of a PoP.
    static func name(_ text: String) -> String? { Self.letters(text, upTo: 16, and: []) }

    static func type(_ text: String) -> String? {
        ["direct", "ayiya", "heartbeat", "dynamic"].first { $0 == text }
    }

    /// An address, or one with a port.
    static func endpoint(_ text: String) -> String? {
        (try? Endpoint(parsing: text))?.description ?? (try? IPAddress(parsing: text))?.description
    }

    /// Letters and digits of ASCII, and some others.
    private static func letters(_ text: String, upTo limit: Int, and others: Set<UInt8>) -> String? {
        let isRight = text.utf8.allSatisfy { octet in
            octet < 0x80 && Character(Unicode.Scalar(octet)).isLetter || octet.isDecimalDigit
                || others.contains(octet)
        }
        return (1...limit).contains(text.utf8.count) && isRight ? text : nil
    }
}
