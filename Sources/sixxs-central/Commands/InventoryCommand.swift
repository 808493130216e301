internal import ArgumentParser
internal import Central
internal import Foundation
internal import Streams
internal import Wire

/// `inventory`: the fleet as files.
struct InventoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inventory",
        abstract: "The fleet as files.",
        subcommands: [
            InventoryApplyCommand.self, InventoryDiffCommand.self, InventoryExportCommand.self,
        ]
    )
}

/// `inventory apply`.
struct InventoryApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply",
        abstract: "Make the registry agree with a folder of YAML files: all changes, or none.",
        discussion: """
            Says first what it will change, a line each, and asks; where nobody can be asked it wants --yes. \
            PoPs that only the registry knows are left as they are. inventory/README.md documents the keys.

            Examples:
              sixxs-central inventory apply inventory --dry-run
              sixxs-central inventory apply inventory --yes
            """
    )

    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var consent: ConsentOptions
    @Argument(help: "The folder with fleet.yaml and pops/.", completion: .directory) var folder: String
    @Flag(help: "Only say what would be changed, having tried it.") var dryRun = false

    /// What `--json` prints.
    private struct Document: Encodable {
        let changes: [String]
        let onlyInDatabase: [String]
        let applied: Bool
    }

    func run() async throws {
        let centre = try self.store.change()
        let inventory = ApplyInventory(folder: self.folder)
        let prepared = try await inventory.prepare(in: centre)
        let plan = prepared.plan
        for name in plan.strangers {
            Terminal.complain("note: \(name) is in the database and not in the inventory; it stays as it is")
        }
        try await inventory.rehearse(prepared, in: centre)
        if !self.output.json { for step in plan.steps { StandardOutput.print("\(step.line)") } }
        let applies = !self.dryRun && !plan.steps.isEmpty
        if applies {
            try self.consent.demand(
                "Make \(plan.steps.count == 1 ? "this" : "these") \(plan.steps.count.counted("change"))?"
            )
            try await inventory.apply(prepared, in: centre)
        }
        try self.conclude(plan, applied: applies)
    }

    private func conclude(_ plan: InventoryPlan, applied: Bool) throws {
        guard !self.output.json else {
            let document = Document(
                changes: plan.steps.map(\.line),
                onlyInDatabase: plan.strangers.map(\.description),
                applied: applied
            )
            return StandardOutput.print(try JSONText.pretty(document))
        }
        guard !plan.steps.isEmpty else { return StandardOutput.print("Nothing to change.") }
        StandardOutput.print(
            "\(plan.steps.count.counted("change")) \(applied ? "made" : "would be made")."
        )
    }
}
