internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams

/// `backup`: a consistent copy.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the registry into a file, consistent while the service goes on.",
        discussion: """
            The copy is checked before it gets its name, and has mode 0600: it holds passwords. To restore, stop the \
            service, put the file in the database's place, remove what ends in -wal and -shm beside it, and start.

            --samples writes a second file, central-samples.db beside central.db.

            Examples:
              sixxs-central backup /var/backups/central-$(date +%F).db
              sixxs-central backup --samples /var/backups/central.db
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Copy the samples too, into a second file beside it.") var samples = false
    @Flag(help: "Take the place of a file that is there.") var force = false
    @Argument(help: "Where to.", transform: OptionParsers.path) var file: String

    /// What `--json` prints of a copy.
    private struct Document: Encodable {
        let path: String
        let octets: Int
    }

    func run() async throws {
        let backup = BackupRequest(path: self.file, includesSamples: self.samples, mayReplace: self.force)
        var documents: [Document] = []
        try await ProgressLine.show("copying") { _ in
            try await self.store.look().store.upkeep.backUp(backup) { written in
                documents.append(Document(path: written.path, octets: written.size))
                guard !self.output.json else { return }
                StandardOutput.print("\(written.path): \(HumanFormat.octets(written.size)), whole")
            }
        }
        if self.output.json { StandardOutput.print(try JSONText.pretty(documents)) }
    }
}
