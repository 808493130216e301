internal import Foundation

/// What `doctor` finds out about a file, whatever is in it.
enum FileExamination {
    /// A file that nobody else may read: a database, a private key.
    static func secret(_ path: String, subject: String, mendIfMissing: String) -> Finding {
        var status = stat()
        guard stat(path, &status) == 0 else {
            let code = errno
            let mend = code == ENOENT ? mendIfMissing : "see the line above"
            return .fail(subject, "\(path): \(FileTrouble.words(code, path))", mend: mend)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            return .fail(
                subject,
                "\(path) is not a regular file",
                mend: "put a file there, or name another path"
            )
        }
        guard access(path, R_OK) == 0 else {
            return .fail(
                subject,
                "\(path) cannot be read by this user",
                mend: "chown \(FileTrouble.user(geteuid())) \(path), or run this as its owner"
            )
        }
        guard status.st_mode & 0o077 == 0 else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            return .fail(subject, "\(path) has mode \(mode): others can read it", mend: "chmod 600 \(path)")
        }
        return .ok(subject, "\(path), mode \(String(status.st_mode & 0o777, radix: 8))")
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
        let text = "\(HumanFormat.octets(free)) free for \(folder)"
        if free < 100 << 20 {
            return .fail(subject, text, mend: "free some space: soon no change can be stored")
        }
        if free < 1 << 30 { return .warn(subject, text, mend: "make room") }
        return .ok(subject, text)
    }
}
