internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams

/// Where the registry is.
struct StoreOptions: ParsableArguments {
    @Option(name: .long, help: "The registry's database file; defaults to $SIXXS_DATABASE.")
    var database = ProcessInfo.processInfo.environment["SIXXS_DATABASE"] ?? StoreLocation.usual

    var location: StoreLocation { StoreLocation(self.database) }

    /// The centre with the registry that `init` made, for commands that change it.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    func change() throws -> Centre { self.centre(try self.location.open()) }

    /// The centre for commands that only look.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    func look() throws -> Centre { self.centre(try self.location.read()) }

    /// The centre for the service, which has no operator.
    ///
    /// - Throws: ``RegistryError/unusable(_:)``.
    func serve() throws -> Centre { self.centre(try self.location.open(), author: "serve") }

    private func centre(_ store: FleetStore, author: String = Operator.name) -> Centre {
        Centre(store: store, connector: SSHConnector(), author: author)
    }
}

/// How results are printed.
struct OutputOptions: ParsableArguments {
    @Flag(name: .long, help: "Print JSON with sorted keys.")
    var json = false

    /// Prints what was changed, or the sentence that says so.
    func show(_ document: some Encodable, orSay sentence: PrintedText) throws {
        StandardOutput.print(self.json ? try JSONText.pretty(document) : sentence)
    }
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
