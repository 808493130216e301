package import Wire

/// What a daemon says it runs, in its answer to `config digest`.
package struct RunningConfiguration: Hashable, Sendable {
    /// The centre's number; 0 when it came from a file.
    package let generation: Int

    /// SHA-256 of its canonical text.
    package let digest: String

    private static let digits = Set("0123456789abcdefABCDEF".utf8)

    /// Parses `generation <n> sha256 <hex> …`.
    ///
    /// - Throws: `SyntaxError` when the text is anything else.
    package init(parsing text: String) throws(SyntaxError) {
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

extension RunningConfiguration {
    private static let request = "config digest"

    /// Asks a daemon what it runs.
    ///
    /// - Throws: ``ConnectionFailure``.
    init(asking session: any DaemonSession) throws(ConnectionFailure) {
        let reply = try session.command(Self.request)
        do {
            try self.init(parsing: reply.text)
        } catch {
            throw .nonsense(.request(Self.request), reason: error.description)
        }
    }

    /// - Throws: ``ConnectionFailure/nonsense(_:reason:)`` unless it is the generation.
    package func demand(_ generation: Generation) throws(ConnectionFailure) {
        guard self.digest == generation.digest, self.generation == generation.number else {
            let reason =
                "pushed generation \(generation.number) sha256 \(generation.digest), "
                + "and it says generation \(self.generation) sha256 \(self.digest)"
            throw .nonsense(.request(Self.request), reason: reason)
        }
    }
}
