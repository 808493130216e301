internal import ArgumentParser
internal import Foundation
internal import Streams

/// Where the registry is.
struct StoreOptions: ParsableArguments {
    @Option(name: .long, help: "The registry's database file; SIXXS_DATABASE says so too.")
    var database = ProcessInfo.processInfo.environment["SIXXS_DATABASE"] ?? "/var/lib/sixxs/central.db"

    /// Opens the registry that `init` made, for commands that change it.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    func open() throws -> SQLiteStore {
        try self.demandRegistry()
        return try SQLiteStore(path: self.database, mayBeNew: false)
    }

    /// Opens the registry for commands that only look.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    func read() throws -> SQLiteStore {
        try self.demandRegistry()
        return try SQLiteStore(reading: self.database)
    }

    private func demandRegistry() throws(RegistryError) {
        var status = stat()
        guard stat(self.database, &status) == 0 else {
            guard errno == ENOENT else {
                throw .unusable(
                    "cannot look at the database \(self.database): \(FileTrouble.words(errno, self.database))"
                )
            }
            throw .unusable("there is no database \(self.database): make one with sixxs-central init")
        }
        guard status.st_mode & S_IFMT != S_IFREG || status.st_size > 0 else {
            throw .unusable(
                "\(self.database) is empty, so it holds no registry, not even one without PoPs: restore the last backup "
                    + "(docs/central.md), or remove the file and make a registry with sixxs-central init"
            )
        }
    }
}

/// How results are printed.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print JSON with sorted keys.")
    var json = false
}

/// Whether destructive commands ask.
struct ConsentOptions: ParsableArguments {
    @Flag(name: .long, help: "Do not ask.")
    var yes = false

    /// Asks unless told not to.
    ///
    /// - Throws: `ExitCode.failure` when the answer is no.
    func demand(_ question: PrintedText) throws {
        guard !self.yes else { return }
        guard try Terminal.confirms(question) else {
            Terminal.complain("Nothing was changed.")
            throw ExitCode.failure
        }
    }
}
