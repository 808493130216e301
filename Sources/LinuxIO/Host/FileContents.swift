internal import Glibc
internal import SystemPackage

/// A small file, read whole.
public struct FileContents: Sendable {
    /// Its octets.
    public let octets: [UInt8]

    /// Its permissions, the lowest nine bits of its mode.
    public let permissions: UInt32

    /// What may be found at a path.
    public enum Kind: Sendable {
        /// A regular file: nothing else ends for certain.
        case regular
        /// Also a pipe, as shells put in a file's place (`<(command)`), a terminal, or a device.
        case any
    }

    /// Reads a file.
    ///
    /// Nobody is waited for to open a FIFO's other end: without one it is empty.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - kind: What it may be.
    ///   - limit: The longest content that is accepted, in octets.
    /// - Throws: ``SystemCallError`` that names the path and the step; `EFBIG` beyond the limit, `EISDIR` for a folder, `EINVAL` for
    ///   another kind than asked for.
    public init(of path: String, kind: Kind = .regular, limit: Int = 16 << 20) throws(SystemCallError) {
        let file = try OwnedDescriptor("open", about: path) { open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) }
        var status = stat()
        try systemCall("fstat", about: path) { fstat(file.rawValue, &status) }
        let type = status.st_mode & S_IFMT
        // Reading says of a folder that it is one.
        guard kind == .any || type == S_IFREG || type == S_IFDIR else {
            throw SystemCallError(
                call: "open",
                errno: .invalidArgument,
                subject: path,
                explanation: "it is not a regular file"
            )
        }
        // From here on whoever writes into a pipe is waited for.
        try systemCall("fcntl(F_SETFL)", about: path) { fcntl(file.rawValue, F_SETFL, O_RDONLY) }
        self.permissions = status.st_mode & 0o777
        self.octets = try Self.read(file, path, limit)
    }

    /// Whether somebody other than its owner may read the file.
    public var isReadableByOthers: Bool { self.permissions & 0o044 != 0 }

    private static func read(
        _ file: borrowing OwnedDescriptor,
        _ path: String,
        _ limit: Int
    ) throws(SystemCallError) -> [UInt8] {
        let descriptor = file.rawValue
        var octets: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = try systemCall("read", about: path) { Glibc.read(descriptor, &chunk, chunk.count) }
            if count == 0 { return octets }
            guard octets.count + count <= limit else {
                throw SystemCallError(call: "read", errno: .fileTooLarge, subject: path)
            }
            octets += chunk.prefix(count)
        }
    }
}
