package import Central
internal import Foundation
internal import Wire

/// Who may look at the pages: a file of names and tokens, until the centre has accounts of its own for operators.
///
/// A line each, `NAME TOKEN`; lines that begin with `#` are passed over. It is read at every login, so that a token that is
/// taken out lets nobody in any more.
package struct TokenFile: Sendable {
    /// Octets of a token: fewer could be guessed.
    package static let shortest = 16

    private let path: String

    /// Looks whether the file is there, private, and right.
    ///
    /// - Throws: ``Central/RegistryError`` with what an operator can do.
    package init(path: String) throws(RegistryError) {
        self.path = path
        _ = try self.read()
    }

    private struct Entry {
        let name: String
        let digest: [UInt8]
    }

    /// Whose token a text is; nil when it is nobody's.
    ///
    /// How long that takes says nothing of how much of a token was right: digests are compared, whole, and of all lines.
    func owner(of token: String) -> String? {
        guard let entries = try? self.read() else { return nil }
        let digest = Self.digest(token)
        var owner: String?
        for entry in entries where Self.isEqual(entry.digest, digest) { owner = entry.name }
        return owner
    }

    private static func digest(_ token: String) -> [UInt8] {
        Array(MessageDigest.sha256(Array(token.utf8)).hexadecimalText.utf8)
    }

    private static func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }

    private func read() throws(RegistryError) -> [Entry] {
        var status = stat()
        guard stat(self.path, &status) != 0 || status.st_mode & 0o077 == 0 else {
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
            guard words.count == 2, words[1].utf8.count >= Self.shortest else {
                throw .refused(
                    "\(self.path), line \(index + 1): expected a name and a token of at least \(Self.shortest) characters"
                )
            }
            entries.append(Entry(name: String(first), digest: Self.digest(String(words[1]))))
        }
        guard !entries.isEmpty else {
            throw .refused(
                "\(self.path) lets nobody in: add a line with a name and a token (openssl rand -hex 32)"
            )
        }
        return entries
    }
}
