internal import Foundation

/// Where a registry is kept, as an operator names it.
///
/// The one place that opens stores, and knows which engine keeps what.
package struct StoreLocation: Hashable, Sendable, CustomStringConvertible {
    /// Where it is when nobody says otherwise.
    package static let usual = "/var/lib/sixxs-central/central.db"

    /// The path of the registry's file.
    package let description: String

    package init(_ path: String) { self.description = path }

    /// Opens the registry that was made there, to change it.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    package func open() throws -> FleetStore {
        try self.demandRegistry()
        return try SQLiteStore(path: self.description, mayBeNew: false).fleet
    }

    /// Opens the registry that was made there, to look at it.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    package func read() throws -> FleetStore {
        try self.demandRegistry()
        return try SQLiteStore(reading: self.description).fleet
    }

    /// Makes a registry, or brings an older one up to date.
    ///
    /// - Returns: The store, and the files that were made; none when it was there.
    /// - Throws: ``RegistryError/unusable(_:)``.
    package func make() throws -> (store: FleetStore, made: [String]) {
        let path = self.description
        let isNew = !FileManager.default.fileExists(atPath: path)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: folder) else {
            throw RegistryError.unusable("there is no folder \(folder): make it with mkdir -m 700 \(folder)")
        }
        let store = try SQLiteStore(path: path)
        return (store.fleet, isNew ? [path, SQLiteStore.samplesPath(beside: path)] : [])
    }

    /// What `doctor` finds out about the files, without opening the store.
    package var findings: [Finding] {
        DatabaseExamination.files(self.description) + [FileExamination.disk(of: self.description)]
    }

    private func demandRegistry() throws(RegistryError) {
        let path = self.description
        guard !path.isEmpty else {
            throw .unusable(
                "the database's path is empty: unset SIXXS_DATABASE, or name a file with --database"
            )
        }
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else {
                throw .unusable("cannot look at the database \(path): \(FileTrouble.words(errno, path))")
            }
            throw .unusable(
                "there is no database \(path): create one with sixxs-central init --database \(path)"
            )
        }
        guard status.st_mode & S_IFMT != S_IFREG || status.st_size > 0 else {
            throw .unusable(
                "\(path) is empty, so it holds no registry, not even one without PoPs: restore the last backup "
                    + "(docs/central.md), or remove the file and create a registry with sixxs-central init"
            )
        }
    }
}
