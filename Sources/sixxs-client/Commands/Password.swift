import LinuxIO
import Wire

/// The tunnel's password, from the first line of a file.
struct Password: Sendable {
    /// The password.
    let value: TunnelPassword

    /// Whether others than its owner may read the file.
    let isExposed: Bool

    /// Reads the file.
    ///
    /// - Throws: ``SystemCallError`` when it can't be read, ``PasswordError`` when there is no password in it.
    init(file path: String) throws {
        let contents = try FileContents(of: path, kind: .any, limit: 64 << 10)
        self.value = try Self.firstLine(of: contents.octets, path)
        self.isExposed = contents.isReadableByOthers
    }

    /// The octets of the first line, without its end.
    static func firstLine(of octets: [UInt8], _ path: String) throws(PasswordError) -> TunnelPassword {
        guard !octets.hasUTF16Mark else {
            throw PasswordError(path: path, reason: "it is a text in UTF-16: save it as UTF-8")
        }
        let line = TunnelPassword.firstLine(of: octets)
        guard !line.isEmpty else {
            throw PasswordError(
                path: path,
                reason: "the first line is empty: put the tunnel's password there"
            )
        }
        let longest = TunnelPassword.lengths.upperBound
        guard line.count <= longest else {
            throw PasswordError(
                path: path,
                reason: "the first line is longer than \(longest) octets"
            )
        }
        let password = TunnelPassword(octets: line)
        guard password != TunnelPassword.placeholder else {
            throw PasswordError(
                path: path,
                reason: "\(password.text) stands where a password is not shown: put the password itself there"
            )
        }
        return password
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
