internal import Glibc
internal import SystemPackage

/// A small file, read whole.
public struct FileContents: Sendable {
    /// Its octets.
    public let octets: [UInt8]

    /// Its permissions, the lowest nine bits of its mode.
    public let permissions: UInt32

    /// Reads a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - limit: The longest content that is accepted, in octets.
    /// - Throws: ``SystemCallError`` that names the path and the step; `EFBIG` beyond the limit.
    public init(of path: String, limit: Int = 16 << 20) throws(SystemCallError) {
        let file = try OwnedDescriptor("open", about: path) { open(path, O_RDONLY | O_CLOEXEC) }
        var status = stat()
        try systemCall("fstat", about: path) { fstat(file.rawValue, &status) }
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
