internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `export`: what `import` reads.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Print the tunnels as CSV, or the whole registry as JSON, for import or another program.",
        discussion: """
            Without --secrets there are no passwords in it: import then keeps those that a registry has, and gives new \
            tunnels random ones. History, audit and numbers of removed tunnels are not exported: move a registry \
            with backup.

            Examples:
              sixxs-central export > tunnels.csv
              (umask 077; sixxs-central export --format json --secrets > fleet.json)
            """
    )

    /// How it is written.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case csv
        case json
    }

    @OptionGroup var store: StoreOptions
    @Option(help: "Only of this PoP.", transform: Parsers.popName) var pop: PoPName?
    @Option(help: "csv or json; CSV has the tunnels alone.") var format = Format.csv
    @Flag(help: "With passwords.") var secrets = false

    func run() async throws {
        let export = ExportFleet(only: self.pop, secrets: self.secrets ? .written : .hidden)
        let document = try await export.run(in: try self.store.look())
        switch self.format {
        case .csv: StandardOutput.printExactly(document.csv)
        case .json: StandardOutput.print(try JSONText.pretty(document))
        }
    }
}
