internal import Foundation

/// What `doctor` finds out about a private key.
package enum KeyExamination {
    /// A private key with its public half beside it.
    package static func findings(_ path: String) -> [Finding] {
        let subject = "key"
        if SSHAgent.isThere, access(path, F_OK) != 0 {
            return [.ok(subject, "\(path) does not exist: the SSH agent's keys are used")]
        }
        let make = Self.making(path)
        let secret = FileExamination.secret(path, subject: subject, mendIfMissing: make)
        guard secret.level != .fail else { return [secret] }
        guard let pair = KeyPair(path) else {
            let mend = "move it away, then \(make)"
            return [.fail(subject, "\(path) is not a private key in OpenSSH's format", mend: mend)]
        }
        guard !pair.isEncrypted else {
            let mend = "ssh-keygen -p -N '' -f \(path)"
            return [.fail(subject, "\(path) has a passphrase, which a service cannot enter", mend: mend)]
        }
        let renew = "ssh-keygen -y -f \(path) > \(path).pub"
        switch pair.publicHalf {
        case .missing:
            return [secret, .warn(subject, "\(path).pub is not a public key, or missing", mend: renew)]
        case .other:
            let mend = "\(renew), and pop show --authorized-keys again for every PoP"
            return [secret, .fail(subject, "\(path).pub is not the public half of \(path)", mend: mend)]
        case .matching: return [secret]
        }
    }

    /// The commands that make a pair, its folder too: ssh-keygen makes none.
    static func making(_ path: String) -> String {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        let makesFolder = access(folder, F_OK) == 0 ? "" : "mkdir -p -m 700 \(folder) && "
        return "\(makesFolder)ssh-keygen -t ed25519 -N '' -f \(path)"
    }
}
