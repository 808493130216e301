internal import ArgumentParser
internal import Central
internal import Streams

/// `inventory diff`.
struct InventoryDiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Show in what the registry and a folder of YAML files differ.",
        discussion: """
            A line a change that apply would make, and the PoPs that only the database has, which apply leaves as they \
            are. Exit status: 0 no difference, 2 differences, 1 the files have errors.

            Example:
              sixxs-central inventory diff inventory && echo the same
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "The folder with fleet.yaml and pops/.", completion: .directory) var folder: String

    /// What `--json` prints.
    private struct Document: Encodable {
        let changes: [String]
        let onlyInDatabase: [String]
    }

    func run() async throws {
        let plan = try await ApplyInventory(folder: self.folder).prepare(in: try self.store.look()).plan
        let document = Document(
            changes: plan.steps.map(\.line),
            onlyInDatabase: plan.strangers.map(\.description)
        )
        let lines = document.changes + document.onlyInDatabase.map { "only in the database: \($0)" }
        try self.output.show(document, orSay: lines.isEmpty ? "No difference." : PrintedText(rows: lines))
        if !lines.isEmpty { throw ExitCode(2) }
    }
}

/// `inventory export`.
struct InventoryExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the registry's PoPs, prefixes and waves as the YAML files that apply reads.",
        discussion: """
            Applying what was exported changes nothing. A file that differs is left alone, unless told \
            --force: comments and defaults of a file that was written by hand are lost then. Tunnels, users, subnets and \
            trusted host keys are not in it: export and backup have those.

            Examples:
              sixxs-central inventory export
              sixxs-central inventory export /srv/inventory --force
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @Flag(help: "Take the place of files that say something else.") var force = false
    @Argument(
        help: "The folder, which is made where there is none; default: inventory.",
        completion: .directory
    )
    var folder = "inventory"

    /// What `--json` prints.
    private struct Document: Encodable {
        let files: [String]
    }

    func run() async throws {
        let export = ExportInventory(into: self.folder, mayReplace: self.force)
        let files = try await export.run(in: try self.store.look())
        let count: PrintedText = files.count == 2 ? "1 PoP" : "\(files.count - 1) PoPs"
        try self.output.show(Document(files: files), orSay: "\(count) written into \(self.folder)")
    }
}
