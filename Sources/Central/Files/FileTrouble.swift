internal import Foundation

/// Why a file cannot be used, in the words of somebody who has to mend it.
enum FileTrouble {
    /// What an error of the system means for a file, and what to do.
    static func words(_ code: Int32, _ path: String) -> String {
        let cause = String(cString: strerror(code))
        return switch code {
        case EACCES, EPERM: "\(cause): \(Self.owner(of: path))"
        case EROFS: "\(cause): mount -o remount,rw makes it writable; read-only commands still work"
        case ENOSPC, EDQUOT: "\(cause): make room and try again"
        case ENOENT: "\(cause): \(Self.missing(path))"
        default: cause
        }
    }

    /// Whose the file is, or the first folder on the way to it that is not ours to look into.
    private static func owner(of path: String) -> String {
        for place in Self.way(to: path) {
            var status = stat()
            guard stat(place, &status) == 0 else { break }
            let isFolder = status.st_mode & S_IFMT == S_IFDIR
            let isOpen = access(place, isFolder ? X_OK : R_OK | W_OK) == 0
            guard !isOpen || place == path else { continue }
            let owner = Self.user(status.st_uid)
            let mode = String(status.st_mode & 0o7777, radix: 8)
            guard status.st_uid != geteuid() else {
                return "\(place) has mode \(mode), and may be immutable (lsattr)"
            }
            return "\(place) belongs to \(owner) and has mode \(mode), and this is \(Self.user(geteuid())): "
                + "sudo -u \(owner) does it as that user"
        }
        return "this is \(Self.user(geteuid())), who may not write there"
    }

    /// The folders that lead to a path, and the path.
    private static func way(to path: String) -> [String] {
        let parts = URL(fileURLWithPath: path).standardizedFileURL.pathComponents
        return parts.indices.map { NSString.path(withComponents: Array(parts[...$0])) }
    }

    private static func missing(_ path: String) -> String {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        return access(folder, F_OK) == 0
            ? "there is no such file in \(folder)" : "there is no folder \(folder)"
    }

    /// The name of a user, or the number of one without a name.
    static func user(_ number: uid_t) -> String {
        guard let entry = getpwuid(number), let name = entry.pointee.pw_name else { return "uid \(number)" }
        return String(cString: name)
    }
}
