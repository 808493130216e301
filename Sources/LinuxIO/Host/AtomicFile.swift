internal import Glibc
internal import SystemPackage

/// Replaces files so that a reader, or a host that loses power, sees the old text or the new one, never a part.
public enum AtomicFile {
    /// Writes a file by way of a temporary one beside it.
    ///
    /// The temporary file gets the mode before its first octet, goes to the disk, and takes the path's place;
    /// then the folder goes to the disk too. It is removed when a step fails, and the path is left as it was.
    ///
    /// - Parameters:
    ///   - octets: The file's new content.
    ///   - path: The file to create or replace.
    ///   - mode: Its permissions, whatever the process's mask.
    /// - Throws: ``SystemCallError`` that names the step and the file.
    public static func write(
        _ octets: [UInt8],
        to path: String,
        mode: UInt32 = 0o600
    ) throws(SystemCallError) {
        let temporary = "\(path).\(getpid()).new"
        do throws(SystemCallError) {
            try Self.create(temporary, octets, mode: mode)
            try systemCall("rename", about: "\(temporary) to \(path)") { rename(temporary, path) }
        } catch {
            _ = unlink(temporary)
            guard error.call == "rename", error.errno == .resourceBusy else { throw error }
            throw error.explained(
                "the file is a mount point and cannot be replaced: mount its folder instead"
            )
        }
        try Self.synchronizeFolder(of: path)
    }

    /// The file that a path leads to by way of symbolic links, whether or not it is there.
    ///
    /// - Throws: ``SystemCallError`` when the links lead nowhere.
    public static func target(of path: String) throws(SystemCallError) -> String {
        var path = path
        // As many as the kernel follows.
        for _ in 0..<40 {
            guard let link = Self.link(at: path) else { return path }
            path = link.hasPrefix("/") ? link : "\(Self.folder(of: path))/\(link)"
        }
        throw SystemCallError(call: "readlink", errno: .tooManySymbolicLinkLevels, subject: path)
    }

    private static func link(at path: String) -> String? {
        var characters = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &characters, characters.count)
        guard count > 0 else { return nil }
        return String(decoding: characters.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes a file for good; nothing happens when there is none.
    ///
    /// - Throws: ``SystemCallError`` when it could not be removed, or its folder didn't go to the disk.
    public static func remove(_ path: String) throws(SystemCallError) {
        do throws(SystemCallError) {
            try systemCall("unlink", about: path) { unlink(path) }
        } catch {
            guard error.errno == .noSuchFileOrDirectory else { throw error }
            return
        }
        try Self.synchronizeFolder(of: path)
    }

    /// Whether the process may make files in the folder of a path.
    public static func canWriteFolder(of path: String) -> Bool {
        access(Self.folder(of: path), W_OK | X_OK) == 0
    }

    private static func folder(of path: String) -> String {
        switch path.lastIndex(of: "/") {
        case nil: "."
        case path.startIndex: "/"
        case let slash?: String(path[..<slash])
        }
    }

    private static func create(_ path: String, _ octets: [UInt8], mode: UInt32) throws(SystemCallError) {
        // A leftover of a process that died in the middle would be in the way of O_EXCL.
        _ = unlink(path)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let file = try OwnedDescriptor("open", about: path) { open(path, flags, mode_t(mode)) }
        try systemCall("fchmod", about: path) { fchmod(file.rawValue, mode_t(mode)) }
        var rest = octets[...]
        while !rest.isEmpty {
            let count = try systemCall("write", about: path) {
                rest.withUnsafeBytes { Glibc.write(file.rawValue, $0.baseAddress, $0.count) }
            }
            rest = rest.dropFirst(count)
        }
        try systemCall("fsync", about: path) { fsync(file.rawValue) }
    }

    private static func synchronizeFolder(of path: String) throws(SystemCallError) {
        let folder = Self.folder(of: path)
        let descriptor = try OwnedDescriptor("open", about: folder) {
            open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        }
        try systemCall("fsync", about: folder) { fsync(descriptor.rawValue) }
    }
}
