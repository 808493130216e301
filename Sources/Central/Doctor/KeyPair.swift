internal import Foundation

/// What two files of a key pair show without being decrypted.
struct KeyPair: Hashable, Sendable {
    /// Whether the private key has a passphrase.
    let isEncrypted: Bool
    let publicHalf: PublicHalf

    /// The file with the public key.
    enum PublicHalf: Hashable, Sendable {
        /// It is not there, or holds no key.
        case missing

        /// It is of another pair.
        case other
        case matching
    }

    /// What a file begins with (OpenSSH, PROTOCOL.key), and the name of the cipher of one without a passphrase.
    private static let magic = Data("openssh-key-v1\0".utf8)
    private static let noCipher = Data([0, 0, 0, 4]) + Data("none".utf8)

    /// Takes the private key from a path and the public one from beside it; nil when there is no private key in the
    /// format of OpenSSH.
    init?(_ path: String) {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            text.contains("-----BEGIN OPENSSH PRIVATE KEY-----")
        else { return nil }
        let body = text.split(separator: "\n").filter { !$0.hasPrefix("-----") }.joined()
        guard let data = Data(base64Encoded: body), data.starts(with: Self.magic) else { return nil }
        self.isEncrypted = !data.dropFirst(Self.magic.count).starts(with: Self.noCipher)
        self.publicHalf = Self.publicHalf(of: data, at: path + ".pub")
    }

    /// The public half stands in the private file in the clear.
    private static func publicHalf(of data: Data, at path: String) -> PublicHalf {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8),
            let key = try? HostKey(parsing: text), let blob = Data(base64Encoded: key.base64)
        else { return .missing }
        return data.range(of: blob) == nil ? .other : .matching
    }
}
