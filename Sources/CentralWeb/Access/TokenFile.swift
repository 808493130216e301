package import Central
package import Foundation
internal import Wire

/// Who may look at the pages: a file of names and tokens, until the centre has accounts of its own for operators.
///
/// A line each, `NAME TOKEN [viewer] [until TIME]`; lines that begin with `#` are passed over. It is read at every login, so
/// that a token that is taken out lets nobody in any more, nor one whose time is over.
package struct TokenFile: Sendable {
    /// Octets of a token: fewer could be guessed.
    package static let shortest = 16

    private let path: String
    private let now: @Sendable () -> Date

    /// Looks whether the file is there, private, and right.
    ///
    /// - Parameters:
    ///   - path: Where it is.
    ///   - now: The time by which tokens end.
    /// - Throws: ``Central/RegistryError`` with what an operator can do.
    package init(path: String, now: @escaping @Sendable () -> Date = { Date() }) throws(RegistryError) {
        self.path = path
        self.now = now
        _ = try self.read()
    }

    private struct Entry {
        let visitor: Visitor
        let digest: [UInt8]
        /// Seconds since 1970; nil for a token without an end.
        let end: Int64?
    }

    /// Whose token a text is, and for how many seconds it is good, if it has an end; nil when it is nobody's.
    ///
    /// How long that takes says nothing of how much of a token was right: digests are compared, whole, and of all lines.
    func owner(of token: String) -> (visitor: Visitor, secondsLeft: Int64?)? {
        guard let entries = try? self.read() else { return nil }
        let digest = Self.digest(token)
        let now = Int64(self.now().timeIntervalSince1970)
        var owner: (visitor: Visitor, secondsLeft: Int64?)?
        for entry in entries where entry.digest.isEqualInConstantTime(to: digest) {
            owner = (entry.visitor, entry.end.map { $0 - now })
        }
        if let left = owner?.secondsLeft, left <= 0 { return nil }
        return owner
    }

    private static func digest(_ token: String) -> [UInt8] {
        Array(MessageDigest.sha256(Array(token.utf8)).hexadecimalText.utf8)
    }

    /// Reads what stands behind a name.
    private static func entry(_ name: String, _ words: [String]) -> Entry? {
        guard let token = words.first, token.utf8.count >= Self.shortest else { return nil }
        var rest = words.dropFirst()
        let role: Visitor.Role = rest.first == "viewer" ? .viewer : .operator
        if role == .viewer { rest = rest.dropFirst() }
        var end: Int64?
        if rest.first == "until" {
            guard rest.count == 2, let time = UTCTime(iso8601: rest[rest.endIndex - 1]) else { return nil }
            end = time.seconds
            rest = []
        }
        guard rest.isEmpty else { return nil }
        return Entry(visitor: Visitor(name: name, role: role), digest: Self.digest(token), end: end)
    }

    private func read() throws(RegistryError) -> [Entry] {
        var status = stat()
        let isThere = stat(self.path, &status) == 0
        // Opening a pipe would wait for whoever writes into it, for ever.
        guard !isThere || status.st_mode & S_IFMT == S_IFREG else {
            throw .refused(
                "\(self.path) is not a regular file: give a file with a name and a token on each line"
            )
        }
        guard !isThere || status.st_mode & 0o077 == 0 else {
            throw .refused("\(self.path) can be read by others: chmod 600 \(self.path)")
        }
        let octets = try InputFile.octets(of: self.path)
        guard octets.count <= 1 << 20, let text = String(validating: octets, as: UTF8.self) else {
            throw .refused("\(self.path) is no list of names and tokens")
        }
        var entries: [Entry] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            guard let entry = Self.entry(String(first), words.dropFirst().map(String.init)) else {
                throw .refused(
                    "\(self.path), line \(index + 1): expected a name and a token of at least \(Self.shortest) characters, "
                        + "then perhaps 'viewer', then perhaps 'until' and a time such as 2027-01-31T12:00:00Z"
                )
            }
            entries.append(entry)
        }
        guard !entries.isEmpty else {
            throw .refused(
                "\(self.path) lets nobody in: add a line with a name and a token (openssl rand -hex 32)"
            )
        }
        return entries
    }
}
