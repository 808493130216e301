internal import ArgumentParser
internal import Foundation
internal import Streams

/// `init`: makes the database, or brings an older one up to date.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Make the registry's database, or bring an older one up to date.",
        discussion: """
            Makes two files with mode 0600: the registry, and beside it the samples that daemons report.

            Example:
              sixxs-central init --database /var/lib/sixxs/central.db
            """
    )

    @OptionGroup var store: StoreOptions

    func run() async throws {
        let path = self.store.database
        let isNew = !FileManager.default.fileExists(atPath: path)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard FileManager.default.fileExists(atPath: folder) else {
            throw RegistryError.unusable("there is no folder \(folder): make it with mkdir -m 700 \(folder)")
        }
        let store = try SQLiteStore(path: path)
        let pops = try await store.snapshot(of: .infrastructure).pops.count
        StandardOutput.print(
            isNew
                ? "Made \(path) and \(SQLiteStore.samplesPath(beside: path))."
                : "\(path) is ready: \(pops) PoPs."
        )
    }
}
