internal import Foundation
package import Wire

/// The public key by which a PoP's SSH server is recognised.
package struct HostKey: Hashable, Sendable, CustomStringConvertible {
    /// The key's type as SSH names it, `ssh-ed25519`.
    package let type: String

    /// The key in the encoding of RFC 4253 §6.6, in base64.
    let base64: String

    /// Parses `type base64`, the form of a `.pub` file; a comment behind it is ignored.
    ///
    /// - Throws: `SyntaxError` when either part is missing or the second is not base64 of that type.
    package init(parsing text: some StringProtocol) throws(SyntaxError) {
        let parts = text.split(whereSeparator: \.isWhitespace)
        guard parts.count >= 2, let blob = Data(base64Encoded: String(parts[1])),
            Self.typeName(in: blob) == String(parts[0])
        else {
            throw SyntaxError(
                expected: "a public key such as ssh-ed25519 AAAAC3…",
                found: String(text.prefix(60))
            )
        }
        self.type = String(parts[0])
        self.base64 = String(parts[1])
    }

    /// The type name that the key's own encoding begins with.
    private static func typeName(in blob: Data) -> String? {
        guard blob.count > 4 else { return nil }
        let length = blob.prefix(4).reduce(0) { $0 << 8 | Int($1) }
        guard length <= blob.count - 4 else { return nil }
        return String(data: blob.dropFirst(4).prefix(length), encoding: .utf8)
    }

    /// The fingerprint as `ssh-keygen -l` prints it: `SHA256:` and unpadded base64.
    package var fingerprint: String {
        let digest = MessageDigest.sha256(Array(Data(base64Encoded: self.base64) ?? Data()))
        let text = Data(digest).base64EncodedString()
        return "SHA256:" + text.prefix { $0 != "=" }
    }

    /// `type base64`, which parses to an equal key.
    package var description: String { "\(self.type) \(self.base64)" }
}
