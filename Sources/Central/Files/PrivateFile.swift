internal import Foundation

/// A file that holds secrets: nobody else can read it, not for a moment.
package enum PrivateFile {
    /// Makes the file, or takes the place of one that is there, with mode 0600 from its first octet on.
    ///
    /// A reader, or a host that loses power, sees the old text or the new one.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``; the path is as it was then.
    package static func write(_ text: String, to path: String) throws(RegistryError) {
        let temporary = "\(path).\(getpid()).new"
        defer { unlink(temporary) }
        try Self.make(temporary, Array(text.utf8), for: path)
        guard rename(temporary, path) == 0 else { throw Self.failure(path) }
    }

    private static func make(
        _ temporary: String,
        _ octets: [UInt8],
        for path: String
    ) throws(RegistryError) {
        // A leftover of a process that died in the middle would be in the way of O_EXCL.
        unlink(temporary)
        let descriptor = Foundation.open(
            temporary,
            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
            0o600
        )
        guard descriptor >= 0 else { throw Self.failure(path) }
        defer { close(descriptor) }
        var rest = octets[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure(path) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> RegistryError {
        .unusable("cannot write \(path): \(FileTrouble.words(errno, path))")
    }
}
