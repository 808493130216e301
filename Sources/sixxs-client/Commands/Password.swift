import LinuxIO
import Wire

/// The tunnel's password, from the first line of a file.
struct Password: Sendable {
    /// The longest that a PoP accepts, in octets.
    static let maximumLength = 132

    /// The password.
    let text: String

    /// Whether others than its owner may read the file.
    let isExposed: Bool

    /// Reads the file.
    ///
    /// - Throws: ``SystemCallError`` when it can't be read, ``PasswordError`` when there is no password in it.
    init(file path: String) throws {
        let contents = try FileContents(of: path, limit: 64 << 10)
        self.text = try Self.firstLine(of: contents.octets, path)
        self.isExposed = contents.isReadableByOthers
    }

    /// The first line, without its end.
    static func firstLine(of octets: [UInt8], _ path: String) throws(PasswordError) -> String {
        let line = octets.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        guard !line.isEmpty else { throw PasswordError(path: path, reason: "the first line is empty") }
        guard line.count <= Self.maximumLength else {
            throw PasswordError(
                path: path,
                reason: "the first line is longer than \(Self.maximumLength) octets"
            )
        }
        guard let text = String(validating: line, as: UTF8.self) else {
            throw PasswordError(path: path, reason: "the first line is no UTF-8 text")
        }
        return text
    }
}

/// Why a file holds no password.
struct PasswordError: Error, Hashable, CustomStringConvertible {
    /// The file.
    let path: String

    /// What is wrong with it.
    let reason: String

    /// One sentence for people.
    var description: String { "password file \(self.path): \(self.reason)" }
}
