internal import Foundation

/// What `doctor` finds out about files on the centre's own host.
enum FileExamination {
    /// The registry and its samples: there, private, whole files, and of one user.
    static func databases(_ path: String) -> [Finding] {
        let subject = "database"
        let samples = SQLiteStore.samplesPath(beside: path)
        let initialise = "sixxs-central init --database \(path)"
        var findings = [Self.secret(path, subject: subject, mendIfMissing: initialise)]
        var (registry, other) = (stat(), stat())
        guard stat(path, &registry) == 0 else { return findings }
        if registry.st_size == 0 {
            findings.append(
                .fail(
                    subject,
                    "\(path) is empty: it holds no registry",
                    mend: "restore the last backup (docs/central.md)"
                )
            )
        }
        guard stat(samples, &other) == 0 else {
            let text = "there are no samples, \(samples): a registry that was restored"
            return findings + [.ok(subject, text)]
        }
        findings.append(Self.secret(samples, subject: subject, mendIfMissing: initialise))
        if registry.st_uid != other.st_uid {
            let owner = FileTrouble.user(registry.st_uid)
            findings.append(
                .fail(
                    subject,
                    "\(path) belongs to \(owner), \(samples) to \(FileTrouble.user(other.st_uid)): no service can open both",
                    mend: "chown \(owner) \(samples)*"
                )
            )
        }
        return findings
    }

    /// A file that nobody else may read: a database, a private key.
    static func secret(_ path: String, subject: String, mendIfMissing: String) -> Finding {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            let mend = code == ENOENT ? mendIfMissing : "what the line says"
            return .fail(subject, "\(path): \(FileTrouble.words(code, path))", mend: mend)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            return .fail(subject, "\(path) is no regular file", mend: "name another path")
        }
        guard access(path, R_OK) == 0 else {
            return .fail(
                subject,
                "\(path) cannot be read by this user",
                mend: "chown it to the user that serves"
            )
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            return .fail(subject, "\(path) has mode \(mode): others can read it", mend: "chmod 600 \(path)")
        }
        return .ok(subject, "\(path), mode \(String(status.st_mode & 0o777, radix: 8))")
    }

    /// A private key with its public half beside it.
    static func key(_ path: String) -> [Finding] {
        let subject = "key"
        if SSHAgent.isThere, access(path, F_OK) != 0 {
            return [.ok(subject, "\(path) is not there: the keys of the agent are used")]
        }
        let make = "ssh-keygen -t ed25519 -N '' -f \(path)"
        let secret = Self.secret(path, subject: subject, mendIfMissing: make)
        guard secret.level != .fail else { return [secret] }
        guard let pair = KeyPair(path) else {
            return [.fail(subject, "\(path) is no private key in OpenSSH's format", mend: make)]
        }
        guard !pair.isEncrypted else {
            let mend = "ssh-keygen -p -N '' -f \(path)"
            return [.fail(subject, "\(path) has a passphrase, which nobody is there to enter", mend: mend)]
        }
        let renew = "ssh-keygen -y -f \(path) > \(path).pub"
        switch pair.publicHalf {
        case .missing:
            return [secret, .warn(subject, "\(path).pub is no public key, or not there", mend: renew)]
        case .other:
            let mend = "\(renew), and pop show --authorized-keys again for every PoP"
            return [secret, .fail(subject, "\(path).pub is not the public half of \(path)", mend: mend)]
        case .matching: return [secret]
        }
    }

    /// The room on the disk that holds a file.
    static func disk(of path: String) -> Finding {
        let subject = "disk"
        var status = statvfs()
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard statvfs(folder, &status) == 0 else {
            return .warn(
                subject,
                "\(folder): \(String(cString: strerror(errno)))",
                mend: "look at the file system"
            )
        }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        let text = "\(Figures.octets(free)) free for \(folder)"
        if free < 100 << 20 { return .fail(subject, text, mend: "make room: no change can be stored soon") }
        if free < 1 << 30 { return .warn(subject, text, mend: "make room") }
        return .ok(subject, text)
    }
}
