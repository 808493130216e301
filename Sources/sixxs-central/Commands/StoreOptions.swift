internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams

/// Where the registry is.
struct StoreOptions: ParsableArguments {
    @Option(name: .long, help: "The registry's database file; SIXXS_DATABASE says so too.")
    var database = ProcessInfo.processInfo.environment["SIXXS_DATABASE"] ?? StoreLocation.usual

    var location: StoreLocation { StoreLocation(self.database) }

    /// Opens the registry that `init` made, for commands that change it.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    func open() throws -> any FleetStore { try self.location.open() }

    /// Opens the registry for commands that only look.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    func read() throws -> any FleetStore { try self.location.read() }
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
