internal import Foundation

/// What `doctor` finds out about the two files, before they are opened.
enum DatabaseExamination {
    /// The registry and its samples: there, private, whole files, and of one user.
    static func files(_ path: String) -> [Finding] {
        let subject = "database"
        let samples = SQLiteStore.samplesPath(beside: path)
        let initialise = "sixxs-central init --database \(path)"
        var findings = [FileExamination.secret(path, subject: subject, mendIfMissing: initialise)]
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
        findings.append(FileExamination.secret(samples, subject: subject, mendIfMissing: initialise))
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
}
