internal import ArgumentParser
internal import Foundation
internal import Streams

/// Where the registry is.
struct StoreOptions: ParsableArguments {
    @Option(name: .long, help: "The registry's database file; SIXXS_DATABASE says so too.")
    var database = ProcessInfo.processInfo.environment["SIXXS_DATABASE"] ?? "/var/lib/sixxs/central.db"

    /// Opens the registry that `init` made.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    func open() throws -> SQLiteStore {
        guard FileManager.default.fileExists(atPath: self.database) else {
            throw RegistryError.unusable(
                "there is no database \(self.database): make one with sixxs-central init"
            )
        }
        return try SQLiteStore(path: self.database)
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
