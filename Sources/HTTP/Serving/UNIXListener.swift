internal import Glibc

/// A UNIX socket that is listened on, and its file.
struct UNIXListener: Sendable {
    private static let backlog: CInt = 512

    /// The listening socket, which is the caller's to close.
    let socket: CInt
    private let path: String
    private let inode: UInt64

    /// Listens at a path: a file that nobody listens behind is replaced, one of a living process never.
    ///
    /// The socket is made beside its place and moved there when its mode is set and it listens, so that nobody ever finds it
    /// open to more than are meant, and nobody in vain.
    ///
    /// - Parameters:
    ///   - path: Where.
    ///   - mode: Who may connect, as chmod(2) has it.
    /// - Throws: ``ListenFailure``.
    init(at path: String, mode: mode_t) throws(ListenFailure) {
        // Two that start at once must not both find nobody there.
        let lock = try Self.lockFolder(of: path)
        defer { close(lock) }
        try Self.requireFree(path)
        let temporary = "\(path).\(getpid())"
        unlink(temporary)
        let listener = try Self.check(path, "socket") { Self.makeSocket() }
        do throws(ListenFailure) {
            try Self.check(path, "bind") { Self.withAddress(temporary) { bind(listener, $0, $1) } }
            try Self.check(path, "chmod") { chmod(temporary, mode) }
            try Self.check(path, "listen") { listen(listener, Self.backlog) }
            var status = stat()
            try Self.check(path, "lstat") { lstat(temporary, &status) }
            try Self.check(path, "rename") { rename(temporary, path) }
            self.socket = listener
            self.path = path
            self.inode = UInt64(status.st_ino)
        } catch {
            unlink(temporary)
            close(listener)
            throw error
        }
    }

    /// Removes the file, unless another has taken its place.
    ///
    /// The socket must still be open: its file can be told from others only as long as it is.
    func remove() {
        guard let lock = try? Self.lockFolder(of: self.path) else { return }
        defer { close(lock) }
        var status = stat()
        if lstat(self.path, &status) == 0, UInt64(status.st_ino) == self.inode { unlink(self.path) }
    }

    /// Makes sure that nobody listens at the path, and that nothing else than a socket would be lost.
    private static func requireFree(_ path: String) throws(ListenFailure) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ListenFailure(description: "\(path) is not a socket: move it away, or name another path")
        }
        let probe = try Self.check(path, "socket") { Self.makeSocket() }
        defer { close(probe) }
        guard Self.withAddress(path, { connect(probe, $0, $1) }) != 0, errno == ECONNREFUSED else {
            throw ListenFailure(
                description: "another process listens at \(path): is the program running already?"
            )
        }
    }

    private static func makeSocket() -> CInt {
        Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
    }

    private static func lockFolder(of path: String) throws(ListenFailure) -> CInt {
        let folder = path.prefix(through: path.lastIndex(of: "/") ?? path.startIndex)
        let descriptor = try Self.check(path, "open") {
            open("\(folder).", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        // Who holds it is at it for a moment only; where locks are not to be had, one goes on without.
        _ = flock(descriptor, LOCK_EX)
        return descriptor
    }

    private static func withAddress(
        _ path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let octets = Array(path.utf8)
        guard octets.count < MemoryLayout.size(ofValue: address.sun_path) else {
            errno = ENAMETOOLONG
            return -1
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
        return withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    @discardableResult
    private static func check(
        _ path: String,
        _ call: String,
        _ body: () -> CInt
    ) throws(ListenFailure) -> CInt {
        let result = body()
        guard result >= 0 else {
            throw ListenFailure(
                description: "\(path) cannot be listened at: \(call): \(String(cString: strerror(errno)))"
            )
        }
        return result
    }
}
