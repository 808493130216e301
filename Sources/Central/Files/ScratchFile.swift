internal import Foundation

/// Files without a name, for what another program reads or writes: pipes would fill while nobody reads them.
enum ScratchFile {
    /// Makes an empty one, which goes with its descriptor.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    static func open() throws -> FileHandle {
        var template = Array("\(NSTemporaryDirectory())/sixxs-central.XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else {
            throw RegistryError.unusable(
                "cannot write to \(NSTemporaryDirectory()): \(String(cString: strerror(errno)))"
            )
        }
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        unlink(template)
        return FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    }
}
