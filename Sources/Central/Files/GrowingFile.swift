internal import Foundation
internal import Synchronization

/// A file that is written piece by piece, each of them at once, so that others can read along.
package final class GrowingFile: Sendable {
    private let path: String
    private let descriptor: Int32
    private let isBegun = Mutex(false)

    /// Makes the file, or opens one that is there, whose content stays until something is written; only its owner may read a new
    /// one.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    package init(_ path: String) throws(RegistryError) {
        self.path = path
        self.descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard self.descriptor >= 0 else { throw Self.failure(path) }
    }

    deinit { close(self.descriptor) }

    /// - Throws: ``RegistryError/unusable(_:)``.
    package func write(_ octets: [UInt8]) throws(RegistryError) {
        let isFirst = self.isBegun.withLock { isBegun in
            defer { isBegun = true }
            return !isBegun
        }
        // A pipe, or a terminal, has nothing to empty.
        guard !isFirst || ftruncate(self.descriptor, 0) == 0 || errno == EINVAL else {
            throw Self.failure(self.path)
        }
        guard WholeFile.append(octets, to: self.descriptor) else { throw Self.failure(self.path) }
    }

    private static func failure(_ path: String) -> RegistryError {
        .unusable("cannot write \(path): \(FileTrouble.words(errno, path))")
    }
}
