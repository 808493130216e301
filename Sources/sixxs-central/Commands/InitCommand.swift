internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `init`: makes the database, or brings an older one up to date.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make the registry's database, or bring an older one up to date.",
        discussion: """
            Makes two files with mode 0600: the registry, and beside it the samples that daemons report.

            Example:
              sixxs-central init --database /var/lib/sixxs-central/central.db
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    /// What `--json` prints.
    private struct Document: Encodable {
        let database: String
        let made: [String]
        let pops: Int
    }

    func run() async throws {
        let (store, made) = try self.store.location.make()
        let pops = try await store.registry.snapshot(of: .infrastructure).pops.count
        let document = Document(database: self.store.database, made: made, pops: pops)
        let count = pops.counted("PoP")
        try self.output.show(
            document,
            orSay: made.isEmpty
                ? "\(self.store.database) is ready: \(count)." : "Made \(made.joined(separator: " and "))."
        )
    }
}
