internal import Foundation
internal import Wire

/// A file, or standard input, that is read as a whole.
package enum InputFile {
    /// In octets; more than a fleet of any size needs.
    private static let limit = 256 << 20

    /// All of a file, or of standard input for `-`.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    package static func octets(of path: String) throws(RegistryError) -> [UInt8] {
        let isStandardInput = path == "-"
        let descriptor = isStandardInput ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        let name = isStandardInput ? "standard input" : path
        guard descriptor >= 0 else { throw Self.failure(errno, name, path) }
        defer { if !isStandardInput { close(descriptor) } }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure(errno, name, path) }
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw .unusable("cannot read \(name): it is a folder")
        }
        return try Self.octets(of: descriptor, name, path)
    }

    /// All of a file of our own in a folder that others may write into; nil when there is none.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``, also for whatever stands there and is no regular file: a pipe would be waited for
    ///   for ever, and a link may lead to anybody's file.
    static func octetsIfThere(of path: String) throws(RegistryError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        let code = errno
        guard descriptor >= 0 || code != ENOENT else { return nil }
        guard descriptor >= 0 || code == ELOOP || code == ENXIO else { throw Self.failure(code, path, path) }
        defer { if descriptor >= 0 { close(descriptor) } }
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw .unusable("\(path) is no regular file: move it out of the way")
        }
        return try Self.octets(of: descriptor, path, path)
    }

    private static func octets(
        of descriptor: Int32,
        _ name: String,
        _ path: String
    ) throws(RegistryError) -> [UInt8] {
        var octets: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 20)
        while octets.count < Self.limit {
            let count = part.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure(errno, name, path) }
            guard count > 0 else { return octets }
            octets += part[..<count]
        }
        throw .unusable("cannot read \(name): it has more than \(Self.limit >> 20) MiB")
    }

    private static func failure(_ code: Int32, _ name: String, _ path: String) -> RegistryError {
        guard path != "-" else {
            let isClosed = code == EBADF
            return .unusable(
                "cannot read \(name): \(isClosed ? "it is closed" : String(cString: strerror(code)))"
            )
        }
        return .unusable("cannot read \(name): \(FileTrouble.words(code, path))")
    }
}

extension Password {
    /// Takes the first line of a file.
    ///
    /// - Throws: ``RegistryError/refused(_:)`` naming the file, never what stands in it.
    package init(file path: String) throws(RegistryError) {
        let octets = try InputFile.octets(of: path)
        guard !octets.hasUTF16Mark else {
            throw .refused("\(path): expected a text in UTF-8, found one in UTF-16: save it as UTF-8")
        }
        do {
            try self.init(octets: TunnelPassword.firstLine(of: octets))
        } catch {
            throw .refused("\(path): \(error)")
        }
    }
}
