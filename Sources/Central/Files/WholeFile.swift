internal import Foundation

/// A file that is there whole or not at all.
package enum WholeFile {
    /// Makes the file, or takes the place of one that is there.
    ///
    /// A reader, or a host that loses power, sees the old file or the new one.
    ///
    /// - Parameters:
    ///   - octets: What is to be in it.
    ///   - path: Where it is to be.
    ///   - mode: Who may read it, less what the umask takes away.
    ///   - throughLinks: Whether a symbolic link stays one, and what it names is written: right for what an operator names, wrong for
    ///     files whose names come from elsewhere. Else the file takes the link's place.
    /// - Throws: ``RegistryError/unusable(_:)``; the path is as it was then.
    package static func write(
        _ octets: [UInt8],
        to path: String,
        mode: UInt32,
        throughLinks: Bool = true
    ) throws(RegistryError) {
        let path = throughLinks ? try Self.resolved(path) : path
        let temporary = "\(path).\(getpid()).new"
        defer { unlink(temporary) }
        try Self.make(temporary, octets, mode, for: path)
        guard rename(temporary, path) == 0 else { throw Self.failure(path) }
    }

    /// The file that a path names in the end.
    private static func resolved(_ path: String) throws(RegistryError) -> String {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return path }
        guard let target = realpath(path, nil) else { throw Self.failure(path) }
        defer { free(target) }
        return String(cString: target)
    }

    private static func make(
        _ temporary: String,
        _ octets: [UInt8],
        _ mode: UInt32,
        for path: String
    ) throws(RegistryError) {
        // A leftover of a process that died in the middle would be in the way of O_EXCL.
        unlink(temporary)
        let descriptor = Foundation.open(
            temporary,
            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
            mode
        )
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { close(descriptor) }
        guard Self.append(octets, to: descriptor), fsync(descriptor) == 0 else { throw Self.failure(path) }
    }

    /// Writes all octets where a file is open, however many of them each call takes.
    ///
    /// - Returns: Whether that was possible; `errno` says why not.
    static func append(_ octets: [UInt8], to descriptor: Int32) -> Bool {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private static func failure(_ path: String) -> RegistryError {
        .unusable("cannot write \(path): \(FileTrouble.words(errno, path))")
    }
}
