internal import Wire

/// What a daemon says it runs, in its answer to `config digest`.
struct RunningConfiguration: Hashable, Sendable {
    /// The centre's number; 0 when it came from a file.
    let generation: Int

    /// SHA-256 of its canonical text.
    let digest: String

    private static let digits = Set("0123456789abcdefABCDEF".utf8)

    /// Parses `generation <n> sha256 <hex> …`.
    ///
    /// - Throws: ``SyntaxError`` when the text is anything else.
    init(parsing text: String) throws(SyntaxError) {
        let words = text.split(separator: " ")
        guard words.count >= 4, words[0] == "generation", let generation = Int(words[1]), generation >= 0,
            generation <= Int32.max, words[2] == "sha256", words[3].utf8.count == 64,
            words[3].utf8.allSatisfy(Self.digits.contains)
        else {
            throw SyntaxError(expected: "generation <number> sha256 <digest>", found: String(text.prefix(80)))
        }
        self.generation = generation
        self.digest = words[3].lowercased()
    }
}
