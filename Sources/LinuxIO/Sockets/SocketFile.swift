internal import CLinux
internal import Glibc
internal import SystemPackage

/// The file by which a UNIX socket that is listened on is found.
///
/// One that another process lives behind is never taken, and only one's own is removed.
public struct SocketFile: Sendable {
    /// Connections that wait to be accepted.
    private static let backlog: CInt = 512

    /// How long another process that is at the same folder is waited for.
    private static let patience: (times: Int, microseconds: UInt32) = (200, 10_000)

    /// Tells a file from all that were or will be at its path while it is in use.
    private struct Identity: Hashable {
        let device: UInt64
        let inode: UInt64

        init(_ status: stat) {
            self.device = UInt64(status.st_dev)
            self.inode = UInt64(status.st_ino)
        }
    }

    /// Where it is.
    public let path: String

    private let identity: Identity

    /// Listens at a path; what a process left there that is gone is removed.
    ///
    /// - Parameters:
    ///   - path: Where, in a folder that can be written.
    ///   - mode: Who may connect, as chmod(2) has it.
    ///   - group: The file's group; nil for that of the process.
    /// - Returns: The file, and the listening socket, which is the caller's to close, after ``remove()``.
    /// - Throws: ``SystemCallError``, for instance when a process lives behind the path.
    public static func listen(
        at path: String,
        mode: UInt32,
        group: UInt32?
    ) throws(SystemCallError) -> (file: SocketFile, socket: CInt) {
        // Two that start at once must not take each other's for one that was left.
        let lock = Self.lockFolder(of: path)
        defer { if lock >= 0 { close(lock) } }
        try Self.removeStale(path)
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let listener = try systemCall("socket(AF_UNIX)", about: path) { socket(AF_UNIX, type, 0) }
        do throws(SystemCallError) {
            try Self.call("bind", path) { bind(listener, $0, $1) }
            do throws(SystemCallError) {
                if let group {
                    try systemCall("chown", about: path) { chown(path, uid_t.max, group) }
                }
                try systemCall("chmod", about: path) { chmod(path, mode) }
                let status = try Self.status(of: path)
                try systemCall("listen", about: path) { Glibc.listen(listener, Self.backlog) }
                return (SocketFile(path: path, identity: Identity(status)), listener)
            } catch {
                unlink(path)
                throw error
            }
        } catch {
            close(listener)
            throw error
        }
    }

    /// Removes the file, unless another has taken its place.
    public func remove() {
        let lock = Self.lockFolder(of: self.path)
        defer { if lock >= 0 { close(lock) } }
        guard let status = try? Self.status(of: self.path), Identity(status) == self.identity else { return }
        unlink(self.path)
    }

    // MARK: - What is there

    private static func removeStale(_ path: String) throws(SystemCallError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw SystemCallError(
                call: "bind",
                errno: .fileExists,
                subject: path,
                explanation: "the path is not a socket: move it away, or name another path"
            )
        }
        try Self.requireDead(path)
        try systemCall("unlink", about: path) { unlink(path) }
    }

    /// Makes sure that nobody can be reached any more behind a socket's file.
    ///
    /// - Throws: ``SystemCallError`` that says who lives there, or that it can't be told.
    private static func requireDead(_ path: String) throws(SystemCallError) {
        let type = CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let probe = try OwnedDescriptor("socket(AF_UNIX)", about: path) { socket(AF_UNIX, type, 0) }
        do throws(SystemCallError) {
            try Self.call("connect", path) { connect(probe.rawValue, $0, $1) }
        } catch {
            switch error.errno {
            case .connectionRefused: return
            // Its queue is full.
            case .resourceTemporarilyUnavailable: throw Self.occupied(path, by: nil)
            default:
                throw error.explained(
                    "whether a process lives behind it can't be told: remove it if none does"
                )
            }
        }
        throw Self.occupied(path, by: try? PeerCredentials(of: probe.rawValue))
    }

    private static func occupied(_ path: String, by peer: PeerCredentials?) -> SystemCallError {
        let who = peer.map { "process \($0.process) of user \($0.user)" } ?? "a process"
        return SystemCallError(
            call: "bind",
            errno: .addressInUse,
            subject: path,
            explanation: "\(who) listens there: is a daemon running already?"
        )
    }

    // MARK: - System calls

    private static func status(of path: String) throws(SystemCallError) -> stat {
        var status = stat()
        try systemCall("lstat", about: path) { lstat(path, &status) }
        return status
    }

    /// Locks the folder of a path until the descriptor is closed; -1 where that can't be.
    private static func lockFolder(of path: String) -> CInt {
        let slash = path.lastIndex(of: "/")
        let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return -1 }
        for _ in 0..<Self.patience.times {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { break }
            usleep(Self.patience.microseconds)
        }
        return descriptor
    }

    /// Makes a call that takes a path as a socket's address.
    static func call(
        _ name: String,
        _ path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) throws(SystemCallError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        let octets = Array(path.utf8)
        guard octets.count < room else {
            throw SystemCallError(
                call: name,
                errno: .fileNameTooLong,
                subject: path,
                explanation: "a socket's path has at most \(room - 1) octets"
            )
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
        try systemCall(name, about: path) {
            withUnsafePointer(to: address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
    }
}
